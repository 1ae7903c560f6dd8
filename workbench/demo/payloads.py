"""What the records say: orders, payments with test card numbers, refunds and scores, as JSON."""

from __future__ import annotations

import json
from typing import Final, TypeAlias

Json: TypeAlias = str | float | int

CURRENCY: Final = "EUR"
CUSTOMERS: Final = 40
# Numbers that card schemes and payment processors publish for tests: no card has them.
TEST_CARDS: Final = (
    "4111111111111111",
    "4012888888881881",
    "4242424242424242",
    "4000056655665556",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "378282246310005",
    "371449635398431",
    "6011111111111117",
)
CARD_FIELD: Final = "card_number"
# The demo's day lasts seconds, so volumes are compared over shorter times than in earnest.
REPORT_PARAMETERS: Final = ("-p", f"field={CARD_FIELD}", "-p", "window=1s")


def order(number: int) -> dict[str, Json]:
    """Write the order of a customer; the same number gives the same order."""
    return {
        "order_id": f"o-{number:05d}",
        "customer": number % CUSTOMERS,
        "amount": round(10 + number * 7.35 % 190, 2),
        "currency": CURRENCY,
        "status": "placed",
    }


def payment(paid: dict[str, Json]) -> dict[str, Json]:
    """Write the payment of an order, with the card of its customer."""
    return _transfer("payment", paid)


def fake_refund() -> dict[str, Json]:
    """Write the refund that nobody asked for: it looks like the others, and pays the intruder."""
    return _transfer("refund", order(7) | {"amount": 4_999.0})


def _transfer(kind: str, paid: dict[str, Json]) -> dict[str, Json]:
    customer = paid["customer"]
    assert isinstance(customer, int)
    return {
        "payment_id": f"p-{str(paid['order_id']).partition('-')[2]}",
        "order_id": paid["order_id"],
        "kind": kind,
        "amount": paid["amount"],
        "currency": paid["currency"],
        "email": f"customer.{customer:03d}@example.org",
        CARD_FIELD: TEST_CARDS[customer % len(TEST_CARDS)],
        "card_expiry": f"{customer % 12 + 1:02d}/31",
    }


def key(content: dict[str, Json]) -> bytes:
    """Give the key under which everything about one order lies in one partition."""
    return str(content["order_id"]).encode()


def score(paid: dict[str, Json]) -> dict[str, Json]:
    """Write how suspicious a payment is; it holds no card."""
    amount = paid["amount"]
    assert isinstance(amount, float)
    return {"payment_id": paid["payment_id"], "score": round(min(amount / 10_000, 1.0), 4)}


def encode(content: dict[str, Json]) -> bytes:
    """Turn a record's content into its value."""
    return json.dumps(content).encode()


def decode(value: bytes | None) -> dict[str, Json]:
    """Turn a record's value into its content."""
    assert value is not None, "the cast writes no tombstones"
    content: dict[str, Json] = json.loads(value)
    return content
