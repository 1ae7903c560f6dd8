"""What the database refuses by itself, attacked with SQL past all our code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.approval.state import State
from gateway.approval.vote import Verdict
from gateway.approvals.store import Ballot, Store
from gateway.approvals.triggers import RULES, statements
from tests.gateway.approvals.samples import ANNA, NOW, SINGLE, TIME_BOX, reviewer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

VOTE = (
    "INSERT INTO votes (request_id, issuer, subject, verdict, digest, reason, cast_ns) "
    "VALUES (:id, 'https://id.example', '{subject}', '{verdict}', {digest}, '', 1)"
)
COPY = (
    "INSERT INTO requests (id, digest, issuer, subject, api, rule_id, asked, reviewers, "
    "reviewer_groups, kind, minutes, asked_ns, state, until_ns) "
    "SELECT 'x', 'y', issuer, subject, api, rule_id, asked, {reviewers}, reviewer_groups, kind, "
    "minutes, asked_ns, '{state}', until_ns FROM requests WHERE id = :id"
)

# The state to attack, the SQL, and what the database says.
ATTACKS = {
    "request_begins_pending": ("pending", COPY.format(reviewers=1, state="approved"), "begins"),
    "needs nobody": ("pending", COPY.format(reviewers=0, state="pending"), "begins"),
    "request_is_fixed": (
        "pending",
        "UPDATE requests SET digest = 'x' WHERE id = :id",
        "what was asked",
    ),
    "fewer reviewers": (
        "pending",
        "UPDATE requests SET reviewers = 1 WHERE id = :id",
        "what was asked",
    ),
    "terminal_state_is_final": (
        "denied",
        "UPDATE requests SET state = 'pending' WHERE id = :id",
        "terminal",
    ),
    "terminal time": ("denied", "UPDATE requests SET until_ns = 0 WHERE id = :id", "terminal"),
    "states_follow_the_table": (
        "pending",
        "UPDATE requests SET state = 'consumed' WHERE id = :id",
        "does not follow",
    ),
    "back to pending": (
        "approved",
        "UPDATE requests SET state = 'pending' WHERE id = :id",
        "does not follow",
    ),
    "approval_needs_votes": (
        "pending",
        "UPDATE requests SET state = 'approved' WHERE id = :id",
        "too few",
    ),
    "glass_is_broken_with_a_reason": (
        "pending",
        (
            "UPDATE requests SET state = 'approved', glass_issuer = 'i', glass_subject = 's' "
            "WHERE id = :id"
        ),
        "the glass",
    ),
    "glass later": (
        "approved",
        "UPDATE requests SET glass_issuer = 'i', glass_subject = 's', reason = 'r' WHERE id = :id",
        "the glass",
    ),
    "use_only_grows": (
        "used",
        "UPDATE requests SET used_records = 0 WHERE id = :id",
        "use grows",
    ),
    "too much use": (
        "used",
        "UPDATE requests SET used_bytes = 1001 WHERE id = :id",
        "use grows",
    ),
    "request_stays": ("pending", "DELETE FROM requests WHERE id = :id", "not deleted"),
    "nobody_decides_their_own": (
        "pending",
        VOTE.format(subject="anna", verdict="approve", digest=f"'{SINGLE.digest}'"),
        "their own",
    ),
    "vote_is_about_this_request": (
        "pending",
        VOTE.format(subject="cara", verdict="approve", digest="'stale'"),
        "another request",
    ),
    "vote_comes_while_pending": (
        "denied",
        VOTE.format(subject="cara", verdict="approve", digest=f"'{SINGLE.digest}'"),
        "nothing is left",
    ),
    "no verdict": (
        "pending",
        VOTE.format(subject="cara", verdict="perhaps", digest=f"'{SINGLE.digest}'"),
        "nothing is left",
    ),
    "two votes": (
        "pending",
        VOTE.format(subject="ben", verdict="deny", digest=f"'{SINGLE.digest}'"),
        "(?i)unique",
    ),
    "vote_stays": ("pending", "UPDATE votes SET verdict = 'deny'", "not changed"),
    "vote_is_kept": ("pending", "DELETE FROM votes", "not taken back"),
}


async def _prepare(store: Store, state: str) -> str:
    """Bring a request into a state by the proper way."""
    asked = TIME_BOX if state == "used" else SINGLE
    request_id = (await store.ask(asked, NOW)).answer.request_id

    async def vote(subject: str, verdict: Verdict) -> None:
        ballot = Ballot(request_id=request_id, digest=asked.digest, verdict=verdict)
        await store.vote(ballot, reviewer(subject), NOW)

    await vote("ben", Verdict.APPROVE)
    if state in {"approved", "denied"}:
        await vote("dora", Verdict.DENY if state == "denied" else Verdict.APPROVE)
    if state == "used":
        assert await store.charge(request_id, 1, 1, NOW)
    return request_id


def test_each_rule_of_the_database_is_attacked() -> None:
    """A rule that nobody tries to break may be none."""
    assert {rule.name for rule in RULES} <= ATTACKS.keys()


@pytest.mark.parametrize("attack", ATTACKS)
async def test_the_database_refuses(engine: AsyncEngine, attack: str) -> None:
    """Who has the database's password has not the reviewers' votes."""
    state, statement, message = ATTACKS[attack]
    request_id = await _prepare(Store(engine), state)

    with pytest.raises(DBAPIError, match=message):
        async with engine.begin() as connection:
            await connection.execute(text(statement), {"id": request_id})


async def test_postgresql_cannot_be_emptied_at_once(engine: AsyncEngine) -> None:
    """TRUNCATE fires no trigger of a row."""
    await _prepare(Store(engine), "pending")
    if engine.dialect.name == "postgresql":
        with pytest.raises(DBAPIError, match=r"not deleted|not taken back"):
            async with engine.begin() as connection:
                await connection.execute(text("TRUNCATE requests, votes"))

    assert 1 == len(await Store(engine).listed([State.PENDING], ANNA))


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_each_rule_becomes_a_trigger(dialect: str) -> None:
    """None is left out in one of the databases."""
    written = "\n".join(statements(dialect))

    assert all(f"CREATE TRIGGER {rule.name} " in written for rule in RULES)
