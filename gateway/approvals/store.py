"""The requests and votes that gateways share; each step is one transaction.

A step that must not happen twice is one conditional UPDATE: of any number of processes the one
whose statement changes the row has taken the step. The database refuses the rest by itself.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from gateway.approval.answer import Answer, AnswerKind
from gateway.approval.asked import GrantKind, Person
from gateway.approval.state import OPEN, State, may_follow
from gateway.approval.vote import Poll, Verdict, Vote, take_vote
from gateway.approvals.tables import REQUESTS, VOTES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

    from gateway.approval.asked import Asked
    from gateway.approval.vote import Reviewer

Row: TypeAlias = "dict[str, Any]"
"""One row of a table, by the names of its columns."""

NS_PER_MINUTE = 60_000_000_000
LISTED_MAX = 500
_ID_BYTES = 12


class NoSuchRequestError(Exception):
    """No request has this id."""


class WrongStateError(Exception):
    """The request is not in the state from which this step leads; the text says in which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A step that was taken: the request's row as it is now."""

    row: Row
    step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The answer to a held request, with the steps that were taken to find it."""

    answer: Answer
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A vote as it is cast: about which request, and which digest the reviewer saw."""

    request_id: str
    digest: str
    verdict: Verdict
    reason: str = ""


class Store:
    """A database of approvals."""

    def __init__(
        self, engine: AsyncEngine, *, pending_minutes: int = 1440, open_requests_max: int = 100
    ) -> None:
        self._engine = engine
        self._pending_ns = pending_minutes * NS_PER_MINUTE
        self._open_requests_max = open_requests_max

    async def close(self) -> None:
        """Let go of the database."""
        await self._engine.dispose()

    async def ask(self, asked: Asked, now_ns: int) -> Taken:
        """Find the decision about a request, use it up if it is for one use, or ask for one."""
        try:
            return await self._ask(asked, now_ns)
        except (IntegrityError, WrongStateError):
            # Another gateway has asked the same, or ended it, at the same moment.
            return await self._ask(asked, now_ns)

    async def charge(self, request_id: str, records: int, size: int, now_ns: int) -> Change | None:
        """Count what is about to be delivered; None when the grant does not allow it any more."""
        used_records = REQUESTS.c.used_records + records
        used_bytes = REQUESTS.c.used_bytes + size
        statement = (
            update(REQUESTS)
            .where(
                REQUESTS.c.id == request_id,
                REQUESTS.c.state == State.APPROVED,
                REQUESTS.c.until_ns > now_ns,
                or_(REQUESTS.c.records_max.is_(None), used_records <= REQUESTS.c.records_max),
                or_(REQUESTS.c.bytes_max.is_(None), used_bytes <= REQUESTS.c.bytes_max),
            )
            .values(used_records=used_records, used_bytes=used_bytes)
            .returning(*REQUESTS.c)
        )
        async with self._engine.begin() as connection:
            row = (await connection.execute(statement)).mappings().first()
        return None if row is None else Change(row=dict(row), step="charged")

    async def vote(self, ballot: Ballot, reviewer: Reviewer, now_ns: int) -> Change:
        """Take a vote; raises NoSuchRequestError, and VoteRefusedError when it must not count."""
        async with self._engine.begin() as connection:
            row = await _locked(connection, ballot.request_id)
            poll = _poll(row, await _votes(connection, ballot.request_id))
            state = take_vote(poll, reviewer, ballot.verdict, ballot.digest)
            await connection.execute(
                insert(VOTES).values(
                    request_id=ballot.request_id,
                    issuer=reviewer.person.issuer,
                    subject=reviewer.person.subject,
                    verdict=ballot.verdict,
                    digest=ballot.digest,
                    reason=ballot.reason,
                    cast_ns=now_ns,
                    auth_time=reviewer.auth_time,
                    token_hash=reviewer.token_hash,
                )
            )
            if state is not State.PENDING:
                values = _decided(state, row, now_ns)
                row = await _move(connection, row, State.PENDING, state, values)
        return Change(row=row, step=ballot.verdict)

    async def cancel(self, request_id: str) -> Change:
        """Take back a request that waits; raises WrongStateError when it does not."""
        return await self._step(request_id, State.PENDING, State.CANCELLED)

    async def revoke(self, request_id: str, reason: str) -> Change:
        """End what an approval allows; raises WrongStateError when it allows nothing."""
        return await self._step(request_id, State.APPROVED, State.REVOKED, {"reason": reason})

    async def consume(self, request_id: str) -> Change:
        """Use up an approval; raises WrongStateError when another was first."""
        return await self._step(request_id, State.APPROVED, State.CONSUMED)

    async def break_glass(
        self, request_id: str, person: Person, reason: str, now_ns: int
    ) -> Change:
        """Approve without reviewers, in an emergency; raises WrongStateError when it is too late.

        That somebody may do so, and that it raises an alarm, is seen to by who calls this.
        """
        async with self._engine.begin() as connection:
            row = await _locked(connection, request_id)
            values = _decided(State.APPROVED, row, now_ns)
            values |= {"glass_issuer": person.issuer, "glass_subject": person.subject}
            values["reason"] = reason
            row = await _move(connection, row, State.PENDING, State.APPROVED, values)
        return Change(row=row, step="glass broken")

    async def expire(self, now_ns: int) -> list[Change]:
        """End everything whose time has run out."""
        statement = (
            update(REQUESTS)
            .where(REQUESTS.c.state.in_(OPEN), REQUESTS.c.until_ns <= now_ns)
            .values(state=State.EXPIRED)
            .returning(*REQUESTS.c)
        )
        async with self._engine.begin() as connection:
            rows = (await connection.execute(statement)).mappings().all()
        return [Change(row=dict(row), step=State.EXPIRED) for row in rows]

    async def show(self, request_id: str) -> tuple[Row, list[Row]]:
        """Give a request and its votes; raises NoSuchRequestError."""
        async with self._engine.connect() as connection:
            row = await _found(connection, request_id)
            return row, await _votes(connection, request_id)

    async def listed(self, states: Sequence[State], asker: Person | None = None) -> list[Row]:
        """List the newest requests in some states, of one asker if wanted."""
        query = select(REQUESTS).where(REQUESTS.c.state.in_(states))
        if asker is not None:
            query = query.where(
                REQUESTS.c.issuer == asker.issuer, REQUESTS.c.subject == asker.subject
            )
        query = query.order_by(REQUESTS.c.asked_ns.desc()).limit(LISTED_MAX)
        async with self._engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(query)).mappings()]

    async def _step(
        self, request_id: str, old: State, new: State, values: Row | None = None
    ) -> Change:
        async with self._engine.begin() as connection:
            row = await _found(connection, request_id)
            return Change(row=await _move(connection, row, old, new, values or {}), step=new)

    async def _ask(self, asked: Asked, now_ns: int) -> Taken:
        async with self._engine.begin() as connection:
            newest = await self._newest(connection, asked.digest)
            changes = []
            if newest is not None and newest["state"] in OPEN and newest["until_ns"] <= now_ns:
                old = State(newest["state"])
                row = await _move(connection, newest, old, State.EXPIRED, {})
                changes.append(Change(row=row, step=State.EXPIRED))
                newest = None
            if newest is not None:
                known = await self._known(connection, newest, now_ns)
                if known is not None:
                    return known
            return await self._begin(connection, asked, now_ns, changes)

    async def _newest(self, connection: AsyncConnection, digest: str) -> Row | None:
        query = (
            select(REQUESTS)
            .where(REQUESTS.c.digest == digest)
            .order_by(REQUESTS.c.asked_ns.desc(), REQUESTS.c.state.in_(OPEN).desc())
            .limit(1)
        )
        row = (await connection.execute(query)).mappings().first()
        return None if row is None else dict(row)

    async def _known(self, connection: AsyncConnection, row: Row, now_ns: int) -> Taken | None:
        """Answer from what there is; None where it is over, and may be asked again.

        Raises WrongStateError where another was first.
        """
        request_id = row["id"]
        match row["state"]:
            case State.PENDING:
                return Taken(answer=Answer(kind=AnswerKind.WAIT, request_id=request_id))
            case State.DENIED | State.REVOKED if now_ns < row["until_ns"]:
                # So that the retry finds the decision, and does not ask the reviewers again.
                answer = Answer(kind=AnswerKind.REFUSED, request_id=request_id, reason=row["state"])
                return Taken(answer=answer)
            case State.APPROVED if row["kind"] == GrantKind.TIME_BOX:
                answer = Answer(kind=AnswerKind.GRANTED, request_id=request_id, is_charged=True)
                return Taken(answer=answer)
            case State.APPROVED:
                row = await _move(connection, row, State.APPROVED, State.CONSUMED, {})
                answer = Answer(kind=AnswerKind.GRANTED, request_id=request_id)
                return Taken(answer=answer, changes=[Change(row=row, step=State.CONSUMED)])
        return None

    async def _begin(
        self, connection: AsyncConnection, asked: Asked, now_ns: int, changes: list[Change]
    ) -> Taken:
        count = select(func.count()).where(
            REQUESTS.c.issuer == asked.asker.issuer,
            REQUESTS.c.subject == asked.asker.subject,
            REQUESTS.c.state == State.PENDING,
        )
        if (await connection.execute(count)).scalar_one() >= self._open_requests_max:
            reason = f"{self._open_requests_max} requests wait already"
            answer = Answer(kind=AnswerKind.REFUSED, request_id="none", reason=reason)
            return Taken(answer=answer, changes=changes)
        statement = insert(REQUESTS).values(_row(asked, now_ns, now_ns + self._pending_ns))
        row = (await connection.execute(statement.returning(*REQUESTS.c))).mappings().one()
        changes.append(Change(row=dict(row), step="asked"))
        answer = Answer(kind=AnswerKind.WAIT, request_id=row["id"])
        return Taken(answer=answer, changes=changes)


async def _found(connection: AsyncConnection, request_id: str, *, lock: bool = False) -> Row:
    query = select(REQUESTS).where(REQUESTS.c.id == request_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).mappings().first()
    if row is None:
        raise NoSuchRequestError(f"no request has the id {request_id}")
    return dict(row)


async def _locked(connection: AsyncConnection, request_id: str) -> Row:
    # Two last votes at once must see each other; SQLite lets one write at a time anyway.
    return await _found(connection, request_id, lock=True)


async def _votes(connection: AsyncConnection, request_id: str) -> list[Row]:
    query = select(VOTES).where(VOTES.c.request_id == request_id).order_by(VOTES.c.cast_ns)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def _move(connection: AsyncConnection, row: Row, old: State, new: State, values: Row) -> Row:
    """Take the step if nobody was first; raises WrongStateError."""
    assert may_follow(old, new), "each step is one of the table's"
    statement = (
        update(REQUESTS)
        .where(REQUESTS.c.id == row["id"], REQUESTS.c.state == old)
        .values(state=new, **values)
        .returning(*REQUESTS.c)
    )
    moved = (await connection.execute(statement)).mappings().first()
    if moved is None:
        state = (await _found(connection, row["id"]))["state"]
        raise WrongStateError(f"the request is {state}: only what is {old} can become {new}")
    return dict(moved)


def _decided(state: State, row: Row, now_ns: int) -> Row:
    assert state in {State.APPROVED, State.DENIED}, "votes come to yes or no"
    return {"decided_ns": now_ns, "until_ns": now_ns + row["minutes"] * NS_PER_MINUTE}


def _poll(row: Row, votes: list[Row]) -> Poll:
    return Poll(
        asker=Person(issuer=row["issuer"], subject=row["subject"]),
        digest=row["digest"],
        state=State(row["state"]),
        reviewers=row["reviewers"],
        reviewer_groups=tuple(json.loads(row["reviewer_groups"])),
        votes=[
            Vote(
                reviewer=Person(issuer=vote["issuer"], subject=vote["subject"]),
                verdict=Verdict(vote["verdict"]),
            )
            for vote in votes
        ],
    )


def _row(asked: Asked, asked_ns: int, until_ns: int) -> Row:
    terms = asked.terms
    shown = {
        "groups": asked.groups,
        "client_id": asked.client_id,
        "peer": asked.peer,
        "listener": asked.listener,
        "session": asked.session,
        "topics": asked.topics,
        "request": asked.shown,
    }
    return {
        "id": secrets.token_hex(_ID_BYTES),
        "digest": asked.digest,
        "issuer": asked.asker.issuer,
        "subject": asked.asker.subject,
        "api": asked.api,
        "rule_id": terms.rule_id,
        "asked": json.dumps(shown),
        "reviewers": terms.reviewers,
        "reviewer_groups": json.dumps(terms.reviewer_groups),
        "kind": terms.kind,
        "minutes": terms.minutes,
        "records_max": terms.records_max,
        "bytes_max": terms.bytes_max,
        "asked_ns": asked_ns,
        "state": State.PENDING,
        "until_ns": until_ns,
    }
