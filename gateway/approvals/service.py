"""What a gateway does about approvals: steps of the store, each told to the evidence."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from gateway.approval.answer import Answer, AnswerKind
from gateway.approval.state import State
from gateway.approvals.store import WrongStateError
from gateway.evidence.event import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.approval.asked import Asked, Person
    from gateway.approval.vote import Reviewer
    from gateway.approvals.store import Ballot, Change, Store

LOOK_SECONDS = 0.5
"""How often a held request looks for votes that were cast at another gateway."""

EXPIRE_SECONDS = 30.0


class Approvals:
    """Takes steps and records them: the step first, then the event, then who waits is told.

    Between the first two a gateway can die; then the evidence lacks a step that the table has.
    """

    def __init__(
        self,
        store: Store,
        record: Callable[[Sequence[Event]], object],
        *,
        held_requests_max: int = 16,
        held_bytes_max: int = 64 * 1024 * 1024,
    ) -> None:
        self.store = store
        self._record = record
        self._held_requests_max = held_requests_max
        self._held_bytes_max = held_bytes_max
        self._held_requests: Counter[Person] = Counter()
        self._held_bytes: Counter[Person] = Counter()
        self._moved = asyncio.Event()

    async def decide(self, asked: Asked) -> Answer:
        """Wait for the decision about a held request, for as long as its terms allow.

        One principal's requests wait up to limits in number and bytes; what is beyond is told at
        once to come again.
        """
        try:
            return await self._charged(asked, await self._decide(asked))
        except (SQLAlchemyError, OSError):
            # Nobody can be asked: nothing passes, and the client comes again.
            return Answer(kind=AnswerKind.WAIT, request_id="")

    async def _charged(self, asked: Asked, answer: Answer) -> Answer:
        """Charge at once what goes out with the request itself."""
        if not answer.is_charged or asked.sent is None:
            return answer
        if await self.charge(answer.request_id, *asked.sent):
            return replace(answer, is_charged=False)
        reason = "it has ended, or allows no more than was sent"
        return replace(answer, kind=AnswerKind.REFUSED, reason=reason)

    async def _decide(self, asked: Asked) -> Answer:
        answer = await self._ask(asked)
        if answer.kind is not AnswerKind.WAIT or not self._may_hold(asked):
            return answer
        self._held_requests[asked.asker] += 1
        self._held_bytes[asked.asker] += asked.byte_count
        try:
            return await self._wait(asked, answer)
        finally:
            self._held_requests[asked.asker] -= 1
            self._held_bytes[asked.asker] -= asked.byte_count

    async def charge(self, request_id: str, records: int, size: int) -> bool:
        """Count what is about to be delivered; where it may not be, the grant ends here."""
        try:
            change = await self.store.charge(request_id, records, size, time.time_ns())
            if change is not None:
                self._note(change)
                return True
            # Revoked, expired, or used up: only in the last case there is a step to take.
            row, _ = await self.store.show(request_id)
            if row["state"] == State.APPROVED:
                self._note(await self.store.consume(request_id))
        except (SQLAlchemyError, OSError, WrongStateError):
            # What cannot be counted is not delivered; another gateway may have ended the grant.
            return False
        return False

    async def vote(self, ballot: Ballot, reviewer: Reviewer) -> Change:
        """Take a vote; raises NoSuchRequestError and VoteRefusedError."""
        change = await self.store.vote(ballot, reviewer, time.time_ns())
        return self._note(change, reviewer, reason=ballot.reason, voted_digest=ballot.digest)

    async def cancel(self, request_id: str, reviewer: Reviewer) -> Change:
        """Take back a request; raises NoSuchRequestError and WrongStateError."""
        return self._note(await self.store.cancel(request_id), reviewer)

    async def revoke(self, request_id: str, reviewer: Reviewer, reason: str) -> Change:
        """End a grant, also for who is using it; raises NoSuchRequestError and WrongStateError."""
        return self._note(await self.store.revoke(request_id, reason), reviewer, reason=reason)

    async def break_glass(self, request_id: str, reviewer: Reviewer, reason: str) -> Change:
        """Approve without reviewers; raises NoSuchRequestError and WrongStateError."""
        person = reviewer.person
        change = await self.store.break_glass(request_id, person, reason, time.time_ns())
        return self._note(change, reviewer, reason=reason, alarm=True)

    async def keep_expiring(self) -> None:
        """End what has run out of time, for ever."""
        while True:
            for change in await self.store.expire(time.time_ns()):
                self._note(change)
            await asyncio.sleep(EXPIRE_SECONDS)

    async def _ask(self, asked: Asked) -> Answer:
        taken = await self.store.ask(asked, time.time_ns())
        for change in taken.changes:
            self._note(change)
        return taken.answer

    def _may_hold(self, asked: Asked) -> bool:
        requests = self._held_requests[asked.asker] + 1
        size = self._held_bytes[asked.asker] + asked.byte_count
        return requests <= self._held_requests_max and size <= self._held_bytes_max

    async def _wait(self, asked: Asked, answer: Answer) -> Answer:
        # Time is looked at between two tries: one that uses an approval up is not cut short.
        until = time.monotonic() + asked.terms.wait_seconds
        while answer.kind is AnswerKind.WAIT and (left := until - time.monotonic()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), min(left, LOOK_SECONDS))
            answer = await self._ask(asked)
        return answer

    def _note(self, change: Change, by: Reviewer | None = None, **more: object) -> Change:
        self._record([_event(change, by, more)])
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
        return change


def _event(change: Change, by: Reviewer | None, more: dict[str, object]) -> Event:
    row = change.row
    detail: dict[str, object] = {
        "step": change.step,
        "state": row["state"],
        "digest": row["digest"],
        "asker": {"issuer": row["issuer"], "subject": row["subject"]},
        "api": row["api"],
        "asked": json.loads(row["asked"]),
        "used_records": row["used_records"],
        "used_bytes": row["used_bytes"],
        **more,
    }
    if by is not None:
        detail |= {"auth_time": by.auth_time, "token_hash": by.token_hash}
    return Event(
        kind=EventKind.APPROVAL,
        wall_ns=time.time_ns(),
        monotonic_ns=time.monotonic_ns(),
        issuer=None if by is None else by.person.issuer,
        subject=None if by is None else by.person.subject,
        groups=() if by is None else by.groups,
        rule_ids=(row["rule_id"],),
        approval_id=row["id"],
        detail=json.dumps(detail),
    )
