"""The scenario: who acts when. The work is done by the clients; this is the order in which."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

from workbench.demo import intruder, payloads
from workbench.demo.cast import ADMINISTRATOR, FORGOTTEN_CLIENT_ID, ORDERS, Login
from workbench.demo.clients import Writer
from workbench.demo.errors import DemoError
from workbench.demo.services import running_services
from workbench.demo.topics import create_topics

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from workbench.demo.services import Stage

Tell: TypeAlias = "Callable[[str], None]"

ORDERS_BEFORE = 1_000
ORDERS_AFTER = 250
BURST_RECORDS = 50
BURST_PAUSE_SECONDS = 0.12
CATCH_UP_SECONDS = 60.0
# Every record that a client sends or receives: orders sent and received; payments and the refund
# sent, received twice, and scored; what is stolen and written again. The order that bypasses the
# gateway is sent by none of its clients.
_ORDERS = ORDERS_BEFORE + ORDERS_AFTER + 1
_PAYMENTS = _ORDERS + 1
SIGHTINGS_EXPECTED = (2 * _ORDERS - 1) + 4 * _PAYMENTS + 2 * ORDERS_BEFORE


def play(stage: Stage, broker: str, tell: Tell) -> None:
    """Play the whole breach; `broker` is where a client reaches Kafka without the gateway."""
    tell("services start")
    create_topics(stage.truth, stage.login(ADMINISTRATOR, "admin-cli"), list(stage.topics.services))
    with running_services(stage) as services:
        _take_orders(stage, range(ORDERS_BEFORE), tell)
        _catch_up(stage, services, tell)
        # From here on the services rest, so that what the intruder reads is known to the record.
        tell("an intruder guesses passwords")
        intruder.guess_passwords(stage)
        tell("a stolen credential reads every card")
        intruder.steal_payments(stage)
        tell("a false refund is written")
        intruder.inject_refund(stage)
        tell("an attempt to delete the payments is refused")
        intruder.cover_tracks(stage)
        tell("a forgotten job writes past the gateway")
        _bypass_gateway(stage, broker)
        _take_orders(stage, range(ORDERS_BEFORE, ORDERS_BEFORE + ORDERS_AFTER), tell)
        _catch_up(stage, services, tell)
        tell("services leave")


def _take_orders(stage: Stage, numbers: range, tell: Tell) -> None:
    writer = Writer(stage.login(ORDERS, "orders-1"), stage.truth.sent)
    for number in numbers:
        order = payloads.order(number)
        writer.send(stage.topics.orders, payloads.encode(order), payloads.key(order))
        if number % BURST_RECORDS == BURST_RECORDS - 1:
            tell("services at work")
            time.sleep(BURST_PAUSE_SECONDS)
    writer.flush()


def _bypass_gateway(stage: Stage, broker: str) -> None:
    login = Login(bootstrap=broker, client_id=FORGOTTEN_CLIENT_ID)
    writer = Writer(login, stage.truth.bypassing)
    order = payloads.order(ORDERS_BEFORE + ORDERS_AFTER)
    writer.send(stage.topics.orders, payloads.encode(order), payloads.key(order))
    writer.flush()


def _catch_up(stage: Stage, services: list[Future[None]], tell: Tell) -> None:
    """Wait until the services have worked on everything written so far."""
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while lag := _lag(stage):
        for service in services:
            if service.done():
                # A service ends before it is told to only by an error, which this raises.
                service.result()
        if time.monotonic() > deadline:
            raise DemoError(f"after {CATCH_UP_SECONDS:.0f} s there was still no {lag}")
        tell("services at work")
        time.sleep(BURST_PAUSE_SECONDS)


def _lag(stage: Stage) -> str:
    """Say what is still to come; empty when nothing is."""
    truth, topics = stage.truth, stage.topics
    orders, payments = truth.written(topics.orders), truth.written(topics.payments)
    expected = {
        "order received by payments-1": (truth.received_by("payments-1", topics.orders), orders),
        "payment for each order": (payments - len(truth.injected), orders),
        "payment received by fraud-scoring-1": (
            truth.received_by("fraud-scoring-1", topics.payments),
            payments,
        ),
        "score for each payment": (truth.written(topics.scores), payments),
        "payment received by ledger-1": (truth.received_by("ledger-1", topics.payments), payments),
    }
    return ", ".join(what for what, (seen, wanted) in expected.items() if seen < wanted)
