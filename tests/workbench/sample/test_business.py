"""The sample's records look like those of a shop, and name nobody's card."""

from __future__ import annotations

import pytest

from workbench.sample.business import card_number, masked_card_number, order, payment


@pytest.mark.parametrize("number", range(20))
def test_card_numbers_are_test_numbers_that_pass_the_check(number: int) -> None:
    """The check digit is that of ISO/IEC 7812-1, the beginning a test card's."""
    digits = [int(digit) for digit in card_number(number)]
    doubled = [2 * digit for digit in digits[-2::-2]]

    assert 16 == len(digits)
    assert 0 == (sum(digits[::-2]) + sum(sum(divmod(each, 10)) for each in doubled)) % 10
    assert card_number(number).startswith("411111")


def test_a_masked_card_keeps_its_last_four_digits() -> None:
    """As on a receipt."""
    assert "************1111" == masked_card_number("4111111111111111")


def test_a_payment_belongs_to_its_order() -> None:
    """Both name the same order, customer and price."""
    placed, paid = order(17), payment(17)
    customer = placed["customer"]

    assert isinstance(customer, dict)
    assert (placed["order_id"], customer["email"], placed["amount"]) == (
        paid["order_id"],
        paid["email"],
        paid["amount"],
    )
