"""The store: what is asked, voted, used and ended."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.approval.answer import AnswerKind
from gateway.approval.asked import Person
from gateway.approval.state import State
from gateway.approval.vote import Verdict, VoteRefusedError
from gateway.approvals.store import (
    Ballot,
    Change,
    NoSuchRequestError,
    Store,
    WrongStateError,
)
from tests.gateway.approvals.samples import ANNA, ISSUER, MINUTE, NOW, SINGLE, TIME_BOX, reviewer
from tests.house.tree import ROOT

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from gateway.approval.asked import Asked

RACERS = 8


@pytest.fixture
def store(engine: AsyncEngine) -> Store:
    """Give the store over an empty database."""
    return Store(engine, pending_minutes=10, open_requests_max=2)


async def _ask(store: Store, asked: Asked = SINGLE, now_ns: int = NOW) -> tuple[AnswerKind, str]:
    answer = (await store.ask(asked, now_ns)).answer
    return answer.kind, answer.request_id


async def _vote(
    store: Store, request_id: str, subject: str, verdict: Verdict = Verdict.APPROVE
) -> Change:
    row, _ = await store.show(request_id)
    ballot = Ballot(request_id=request_id, digest=row["digest"], verdict=verdict)
    return await store.vote(ballot, reviewer(subject), NOW)


async def _approved(store: Store, asked: Asked = SINGLE) -> str:
    _, request_id = await _ask(store, asked)
    groups = asked.terms.reviewer_groups
    assert asked.terms.reviewers == 1 or groups == ("security",)
    await _vote(store, request_id, "ben")
    if asked.terms.reviewers > 1:
        await _vote(store, request_id, "cara")
    return request_id


async def test_a_retry_waits_for_the_same_request(store: Store) -> None:
    """However often a client comes, reviewers are asked once."""
    first = await _ask(store)

    assert AnswerKind.WAIT == first[0]
    assert first == await _ask(store)
    assert 1 == len(await store.listed([State.PENDING]))


async def test_two_gateways_that_hold_the_same_request_ask_once(store: Store) -> None:
    """The database lets one open request of a digest exist."""
    answers = await asyncio.gather(*(_ask(store) for _ in range(4)))

    assert 1 == len(set(answers))


async def test_two_votes_of_two_people_approve(store: Store) -> None:
    """One is not enough."""
    _, request_id = await _ask(store)
    states = [(await _vote(store, request_id, who)).row["state"] for who in ("ben", "cara")]

    assert [State.PENDING, State.APPROVED] == states


async def test_a_single_use_is_used_once(store: Store) -> None:
    """The next request of the kind needs an approval of its own."""
    request_id = await _approved(store)
    first, second = await _ask(store), await _ask(store)

    assert (AnswerKind.GRANTED, request_id) == first
    assert AnswerKind.WAIT == second[0]
    assert second[1] != request_id


async def test_a_retry_finds_the_denial(store: Store) -> None:
    """Nobody is asked again until the time is over for which they said no."""
    _, request_id = await _ask(store)
    await _vote(store, request_id, "ben", Verdict.DENY)
    later = NOW + SINGLE.terms.minutes * MINUTE

    assert (AnswerKind.REFUSED, request_id) == await _ask(store, now_ns=later - 1)
    assert AnswerKind.WAIT == (await _ask(store, now_ns=later))[0]


async def test_a_refused_vote_changes_nothing(store: Store) -> None:
    """The rules of votes hold here, too."""
    _, request_id = await _ask(store)
    with pytest.raises(VoteRefusedError, match="own request"):
        await _vote(store, request_id, "anna")
    row, votes = await store.show(request_id)

    assert (State.PENDING, []) == (row["state"], votes)


async def test_a_vote_is_kept_with_who_cast_it(store: Store) -> None:
    """Issuer, subject, when they logged in, and with which token."""
    _, request_id = await _ask(store)
    await _vote(store, request_id, "ben")
    _, (vote,) = await store.show(request_id)

    assert (ISSUER, "ben", "approve", SINGLE.digest) == (
        vote["issuer"],
        vote["subject"],
        vote["verdict"],
        vote["digest"],
    )
    assert (1_799_999_999, "ab" * 32, NOW) == (
        vote["auth_time"],
        vote["token_hash"],
        vote["cast_ns"],
    )


async def test_a_time_box_is_charged_up_to_its_limits(store: Store) -> None:
    """What would go beyond is not delivered, what fits still is."""
    request_id = await _approved(store, TIME_BOX)
    charges = [(60, 500), (41, 1), (40, 501), (40, 500), (0, 0), (1, 0)]
    charged = [await store.charge(request_id, *charge, NOW) for charge in charges]

    assert [True, False, False, True, True, False] == [each is not None for each in charged]
    assert (AnswerKind.GRANTED, request_id) == await _ask(store, TIME_BOX)


async def test_nothing_is_delivered_behind_the_end_of_a_grant(store: Store) -> None:
    """Time and revocation end it between two answers."""
    request_id = await _approved(store, TIME_BOX)
    late = await store.charge(request_id, 1, 1, NOW + 60 * MINUTE)
    revoked = await store.revoke(request_id, "leaked")

    assert late is None
    assert (State.REVOKED, "leaked") == (revoked.row["state"], revoked.row["reason"])
    assert await store.charge(request_id, 1, 1, NOW) is None
    assert (AnswerKind.REFUSED, request_id) == await _ask(store, TIME_BOX)


async def test_what_nobody_decides_expires(store: Store) -> None:
    """The client's next try asks anew."""
    _, request_id = await _ask(store)
    later = NOW + 10 * MINUTE
    taken = await store.ask(SINGLE, later)

    assert [(request_id, State.EXPIRED), (taken.answer.request_id, "asked")] == [
        (change.row["id"], change.step) for change in taken.changes
    ]
    assert [taken.answer.request_id] == [
        change.row["id"] for change in await store.expire(later + 10 * MINUTE)
    ]
    assert [] == await store.expire(later + 10 * MINUTE)


async def test_broken_glass_approves_with_a_reason(store: Store) -> None:
    """It says who did it; nothing pretends that reviewers agreed."""
    _, request_id = await _ask(store)
    change = await store.break_glass(request_id, Person(issuer=ISSUER, subject="dora"), "fire", NOW)

    assert (State.APPROVED, "dora", "fire") == (
        change.row["state"],
        change.row["glass_subject"],
        change.row["reason"],
    )
    with pytest.raises(WrongStateError, match="is approved: only what is pending"):
        await store.break_glass(request_id, ANNA, "fire", NOW)


async def test_what_is_over_cannot_be_ended_again(store: Store) -> None:
    """Each step has one state that it leads from."""
    _, request_id = await _ask(store)
    await store.cancel(request_id)
    with pytest.raises(WrongStateError, match="is cancelled"):
        await store.cancel(request_id)
    with pytest.raises(WrongStateError, match="is cancelled"):
        await store.consume(request_id)


async def test_an_unknown_request_is_told(store: Store) -> None:
    """An id that nobody gave leads nowhere."""
    with pytest.raises(NoSuchRequestError, match="has the id x"):
        await store.show("x")


async def test_one_asker_cannot_flood_the_reviewers(store: Store) -> None:
    """Beyond the limit requests are refused until some are decided."""
    kinds = [
        (await _ask(store, replace(SINGLE, parameters={"offset": offset})))[0]
        for offset in range(3)
    ]
    other = replace(SINGLE, asker=Person(issuer="gateway:main", subject="eve"))

    assert [AnswerKind.WAIT, AnswerKind.WAIT, AnswerKind.REFUSED] == kinds
    assert AnswerKind.WAIT == (await _ask(store, other))[0]
    assert 2 == len(await store.listed([State.PENDING], ANNA))


async def test_of_eight_processes_exactly_one_uses_an_approval(store: Store, address: str) -> None:
    """They start at the same moment, and the database decides."""
    request_id = await _approved(store)
    answers = await asyncio.to_thread(_race, address)
    winners = [line for line in answers if line == f"granted {request_id}"]

    assert RACERS == len(answers)
    assert 1 == len(winners)
    assert 1 == sum(line.startswith("granted") for line in answers)


def _race(address: str) -> list[str]:
    command = [sys.executable, "-m", "tests.gateway.approvals.racer", address]
    pipe = subprocess.PIPE
    racers = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)
        for _ in range(RACERS)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    return [racer.communicate(timeout=60)[0].strip() for racer in racers]
