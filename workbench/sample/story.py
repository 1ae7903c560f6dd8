"""The story of the sample: three hours of one morning, minute by minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from gateway.evidence.event import EventKind
from workbench.sample import business, services
from workbench.sample.cluster import Cluster
from workbench.sample.intruder import (
    EXPORTED,
    EXPORTED_TO,
    FORBIDDEN_BY,
    TRIED,
    Damage,
    guess_passwords,
    intrude,
)
from workbench.sample.recorder import BEGIN, Recorder
from workbench.sample.services import Accounting, Consumer, Shop, ship
from workbench.sample.stage import FIELD, Stage, principal
from workbench.sample.truth import Place, Truth

if TYPE_CHECKING:
    from gateway.evidence.rows import Row

MINUTES: Final = 180
_DEPLOYMENT: Final = 90
_BYPASS: Final = 101
_GUESSES: Final = 126
_INTRUSION: Final = 128
_DIRECT_ORDER: Final = 90_001


@dataclass(slots=True, kw_only=True)
class Cast:
    """Those who work there."""

    shop: Shop
    billing: Consumer
    fulfilment: Consumer
    analytics: Consumer
    accounting: Accounting
    reporting: Consumer


def tell(*, bypass: bool) -> tuple[list[Row], Truth]:
    """Tell the story, and return what was recorded and what really happened."""
    recorder = Recorder()
    stage = Stage(recorder, Cluster(dict(services.TOPICS)))
    recorder.note(EventKind.RECORDER_START, _STARTED)
    cast = _enter(stage)
    damage: Damage | None = None
    bypassing: list[Place] = []
    for minute in range(MINUTES):
        recorder.move_to(BEGIN + timedelta(minutes=minute, seconds=10))
        cast.shop.tick(minute)
        if minute == _BYPASS and bypass:
            bypassing.append(_write_past_the_gateway(stage))
        if minute == _DEPLOYMENT:
            _deploy(cast)
        if minute == _GUESSES:
            guess_passwords(stage)
        if minute == _INTRUSION:
            damage = intrude(stage)
        _work(stage, cast, minute)
    assert damage is not None, "the intrusion is part of the story"
    recorder.note(EventKind.RECORDER_STOP, {})
    return recorder.rows, _truth(stage, cast, damage, bypassing)


def _enter(stage: Stage) -> Cast:
    return Cast(
        shop=Shop(stage, stage.log_in(services.SHOP)),
        billing=Consumer(stage, stage.log_in(services.BILLING), ("payments",)),
        fulfilment=Consumer(stage, stage.log_in(services.FULFILMENT), ("orders",)),
        analytics=Consumer(stage, stage.log_in(services.ANALYTICS), ("payments", "clicks")),
        accounting=Accounting(stage, stage.log_in(services.ACCOUNTING)),
        reporting=Consumer(
            stage, stage.log_in(services.REPORTING), ("invoices",), isolation_level=1
        ),
    )


def _deploy(cast: Cast) -> None:
    """Restart some services; analytics begins in the middle of a batch."""
    cast.billing.reconnect()
    cast.fulfilment.reconnect()
    cast.analytics.reconnect(back=1)


def _work(stage: Stage, cast: Cast, minute: int) -> None:
    cast.accounting.tick(minute)
    cast.billing.tick()
    ship(stage, cast.fulfilment.client, cast.fulfilment.tick())
    cast.analytics.tick()
    cast.reporting.tick()


def _write_past_the_gateway(stage: Stage) -> Place:
    """Add an order that only the broker sees."""
    order = business.order(_DIRECT_ORDER) | {"amount": 1.0}
    record = business.record(f"o-{_DIRECT_ORDER}", order, stage.now_ms())
    batch = stage.cluster.append(("orders", 1), [record])
    return Place("orders", 1, batch.first_offset)


def _truth(stage: Stage, cast: Cast, damage: Damage, bypassing: list[Place]) -> Truth:
    return Truth(
        suspect=principal(services.BILLING.subject),
        suspect_session=damage.session,
        suspect_peer=damage.peer,
        topic=EXPORTED,
        field=FIELD,
        masked_reader=principal(services.ANALYTICS.subject),
        reads=tuple(stage.reads),
        clear_values=damage.clear_values,
        exported_to=EXPORTED_TO,
        injected=damage.injected,
        injected_reader=principal(services.FULFILMENT.subject),
        bypassing=tuple(bypassing),
        acks_none=tuple(cast.shop.acks_none),
        control=tuple(cast.accounting.control),
        refused_api="DELETE_TOPICS",
        refused_by=FORBIDDEN_BY,
        failed_logins=TRIED,
    )


_STARTED: Final[dict[str, object]] = {
    "instance": "gateway-1",
    "durability": "written",
    "upstream": ["10.20.0.9:9092"],
    "listeners": [],
}
