"""The ordinary records of the sample: orders, payments, shipments, clicks and invoices as JSON."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.wire.records.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES: Final = ("amara", "bo", "chen", "dana", "elif", "farid", "grace", "hugo", "ines", "jun")
_GOODS: Final = ("kettle", "lamp", "notebook", "rucksack", "teapot", "wool-scarf")

# The first six digits of a scheme's published test cards: no bank issued any of these numbers.
_TEST_CARD: Final = "411111"
_CUSTOMERS: Final = 400


def record(key: str, value: Mapping[str, object], timestamp_ms: int) -> Record:
    """Make a record as a JSON serializer would; the broker gives it its offset."""
    headers = (("content-type", b"application/json"),)
    return Record(0, timestamp_ms, key.encode(), msgspec.json.encode(value), headers)


def order(number: int) -> dict[str, object]:
    """Make an order."""
    return {
        "order_id": f"o-{number:05d}",
        "customer": {"name": _name(number), "email": email(number)},
        "items": [
            {"sku": _GOODS[_pick("sku", number, len(_GOODS))], "quantity": 1 + number % 3},
        ],
        "amount": amount(number),
        "currency": "EUR",
        "status": "placed",
    }


def payment(number: int) -> dict[str, object]:
    """Make the payment of an order."""
    return {
        "payment_id": f"p-{number:05d}",
        "order_id": f"o-{number:05d}",
        "card_number": card_number(number),
        "card_expiry": f"{1 + number % 12:02d}/2{7 + number % 3}",
        "email": email(number),
        "amount": amount(number),
        "currency": "EUR",
    }


def shipment(order_id: object) -> dict[str, object]:
    """Make the shipment that follows an order."""
    return {"order_id": order_id, "carrier": "parcel-co", "state": "announced"}


def invoice(number: int) -> dict[str, object]:
    """Make an invoice."""
    return {"invoice_id": f"i-{number:05d}", "amount": amount(number), "currency": "EUR"}


def click(number: int) -> dict[str, object]:
    """Make a click of a visitor."""
    return {"page": f"/goods/{_GOODS[number % len(_GOODS)]}", "visit": f"v-{number:05d}"}


def email(number: int) -> str:
    """Give the address of the customer of an order."""
    return f"{_name(number)}.{_customer(number):03d}@example.org"


def amount(number: int) -> float:
    """Give the price of an order."""
    return (900 + _pick("amount", number, 24_000)) / 100


def card_number(number: int) -> str:
    """Give the card that the customer of an order pays with."""
    digits = f"{_TEST_CARD}{_pick('card', _customer(number), 10**9):09d}"
    return digits + _check_digit(digits)


def masked_card_number(number: str) -> str:
    """Leave the last four digits, as receipts do."""
    return "*" * (len(number) - 4) + number[-4:]


def _check_digit(digits: str) -> str:
    """Compute the last digit of a card number (ISO/IEC 7812-1, annex B)."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if index % 2 == 0 else 1)
        total += sum(divmod(doubled, 10))
    return str(-total % 10)


def _customer(number: int) -> int:
    return _pick("customer", number, _CUSTOMERS)


def _name(number: int) -> str:
    return _NAMES[_customer(number) % len(_NAMES)]


def _pick(purpose: str, number: int, below: int) -> int:
    """Choose without a random generator, whose sequence Python does not promise to keep."""
    return zlib.crc32(f"{purpose}-{number}".encode()) % below
