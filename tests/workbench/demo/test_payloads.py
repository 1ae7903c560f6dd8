"""The records of the demo are JSON with cards that nobody owns."""

from __future__ import annotations

from workbench.demo import payloads


def digits_add_up(number: str) -> bool:
    """Check a card number's last digit (ISO/IEC 7812-1, annex B)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(number))]
    return sum(sum(divmod(each, 10)) for each in doubled) % 10 == 0


def test_cards_look_real_to_whoever_finds_them() -> None:
    """Test numbers are formed like real ones, so that searches for cards find them."""
    assert all(map(digits_add_up, payloads.TEST_CARDS))


def test_a_payment_belongs_to_its_order() -> None:
    """Key and customer are the order's, so that both lie in one partition."""
    order = payloads.order(17)
    payment = payloads.payment(order)

    assert payloads.key(order) == payloads.key(payment) == b"o-00017"
    assert payment["email"] == "customer.017@example.org"
    assert payment[payloads.CARD_FIELD] in payloads.TEST_CARDS


def test_a_score_holds_no_card() -> None:
    """The only topic besides payments that has to do with cards does not carry them."""
    score = payloads.score(payloads.payment(payloads.order(1)))

    assert {"payment_id", "score"} == set(score)


def test_the_false_refund_pays_somebody_else() -> None:
    """It names an order that exists and an amount that this order never had."""
    refund, order = payloads.fake_refund(), payloads.order(7)

    assert (order["order_id"], "refund") == (refund["order_id"], refund["kind"])
    assert refund["amount"] != order["amount"]


def test_values_survive_their_encoding() -> None:
    """What is sent is what is read."""
    order = payloads.order(3)

    assert order == payloads.decode(payloads.encode(order))
