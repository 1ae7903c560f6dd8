"""What a gateway does about approvals."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.approval.answer import AnswerKind
from gateway.approval.state import State
from gateway.approval.vote import Verdict
from gateway.approvals.migrate import migrate, open_engine
from gateway.approvals.service import Approvals
from gateway.approvals.store import Ballot, Store
from tests.gateway.approvals.samples import NOW, SINGLE, TIME_BOX, reviewer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from gateway.approval.asked import Asked
    from gateway.evidence.event import Event

LONG = 30.0


@pytest.fixture
def recorded() -> list[Event]:
    """Give the list that events are recorded in."""
    return []


@pytest.fixture
async def approvals(tmp_path: Path, recorded: list[Event]) -> AsyncIterator[Approvals]:
    """Give approvals over an empty database; two requests of one principal may be held."""
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    await migrate(engine)
    yield Approvals(Store(engine), recorded.extend, held_requests_max=2, held_bytes_max=100)
    await engine.dispose()


def _waiting(asked: Asked, seconds: float, offset: int = 7) -> Asked:
    terms = replace(asked.terms, reviewers=1, wait_seconds=seconds)
    return replace(asked, terms=terms, parameters={"offset": offset})


async def _pending(approvals: Approvals, count: int = 1) -> list[str]:
    rows: list[str] = []
    while len(rows) < count:
        await asyncio.sleep(0.01)
        rows = [row["id"] for row in await approvals.store.listed([State.PENDING])]
    return rows


async def _vote(approvals: Approvals, request_id: str, digest: str, verdict: Verdict) -> None:
    ballot = Ballot(request_id=request_id, digest=digest, verdict=verdict, reason="seen")
    await approvals.vote(ballot, reviewer("ben"))


def _steps(recorded: list[Event]) -> list[str]:
    return [json.loads(event.detail or "")["step"] for event in recorded]


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [(AnswerKind.GRANTED, Verdict.APPROVE), (AnswerKind.REFUSED, Verdict.DENY)],
)
async def test_who_waits_is_told_at_once(
    approvals: Approvals, recorded: list[Event], kind: AnswerKind, verdict: Verdict
) -> None:
    """The vote wakes the request that is held; each step stands in the evidence."""
    asked = _waiting(SINGLE, LONG)
    held = asyncio.create_task(approvals.decide(asked))
    (request_id,) = await _pending(approvals)
    await _vote(approvals, request_id, asked.digest, verdict)
    answer = await asyncio.wait_for(held, LONG / 2)
    used = ["consumed"] if kind is AnswerKind.GRANTED else []

    assert (kind, request_id) == (answer.kind, answer.request_id)
    assert ["asked", verdict.value, *used] == _steps(recorded)
    assert {request_id} == {event.approval_id for event in recorded}


async def test_a_vote_at_another_gateway_is_seen(approvals: Approvals) -> None:
    """The table is looked at again and again."""
    asked = _waiting(SINGLE, LONG)
    held = asyncio.create_task(approvals.decide(asked))
    (request_id,) = await _pending(approvals)
    ballot = Ballot(request_id=request_id, digest=asked.digest, verdict=Verdict.DENY)
    await approvals.store.vote(ballot, reviewer("ben"), time.time_ns())

    assert AnswerKind.REFUSED == (await asyncio.wait_for(held, LONG / 2)).kind


async def test_nobody_waits_longer_than_the_terms_say(approvals: Approvals) -> None:
    """The client comes again, and finds the same request."""
    asked = _waiting(SINGLE, 0.05)
    first, second = await approvals.decide(asked), await approvals.decide(asked)

    assert AnswerKind.WAIT == first.kind
    assert first == second


async def test_one_principal_holds_so_many_requests_and_bytes(approvals: Approvals) -> None:
    """What is beyond is told at once to come again, and asked all the same."""
    tasks = [
        asyncio.create_task(approvals.decide(_waiting(SINGLE, LONG, offset))) for offset in (1, 2)
    ]
    await _pending(approvals, 2)
    beyond = await asyncio.wait_for(approvals.decide(_waiting(SINGLE, LONG, 3)), LONG / 2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    large = replace(_waiting(SINGLE, LONG, 4), byte_count=101)
    too_large = await asyncio.wait_for(approvals.decide(large), LONG / 2)

    assert [AnswerKind.WAIT, AnswerKind.WAIT] == [beyond.kind, too_large.kind]
    assert 4 == len(await _pending(approvals, 4))


async def test_a_grant_ends_where_a_delivery_would_go_beyond_it(
    approvals: Approvals, recorded: list[Event]
) -> None:
    """What was charged is in the evidence, and so is the end."""
    asked = _waiting(TIME_BOX, 0.0)
    request_id = (await approvals.decide(asked)).request_id
    await _vote(approvals, request_id, asked.digest, Verdict.APPROVE)
    charges = [await approvals.charge(request_id, records, 1) for records in (60, 41, 1)]

    assert [True, False, False] == charges
    assert ["asked", "approve", "charged", "consumed"] == _steps(recorded)


async def test_who_steps_in_is_recorded(approvals: Approvals, recorded: list[Event]) -> None:
    """Cancelling, breaking the glass and revoking have their own words and reasons."""
    first = (await approvals.decide(_waiting(SINGLE, 0.0, 1))).request_id
    second = (await approvals.decide(_waiting(SINGLE, 0.0, 2))).request_id
    await approvals.cancel(first, reviewer("anna"))
    await approvals.break_glass(second, reviewer("dora"), "fire")
    await approvals.revoke(second, reviewer("ben"), "over")
    details = [json.loads(event.detail or "") for event in recorded[2:]]

    assert ["cancelled", "glass broken", "revoked"] == [detail["step"] for detail in details]
    assert [None, "fire", "over"] == [detail.get("reason") for detail in details]
    assert ["anna", "dora", "ben"] == [event.subject for event in recorded[2:]]


async def test_what_has_run_out_of_time_is_ended(
    approvals: Approvals, recorded: list[Event]
) -> None:
    """Also where nobody asks again."""
    await approvals.store.ask(SINGLE, NOW - 2 * 10**18)
    expiring = asyncio.create_task(approvals.keep_expiring())
    while not recorded:
        await asyncio.sleep(0.01)
    expiring.cancel()
    await asyncio.gather(expiring, return_exceptions=True)

    assert ["expired"] == _steps(recorded)
    assert recorded[0].subject is None
