"""Incremental fetch sessions (KIP-227): what a Fetch asks for that leaves most of it out.

After a first full request the client names only partitions that changed, and the broker remembers
the rest. To say at which offset a client asked, the gateway remembers too, per connection. What it
cannot know (a session begun on another connection, one beyond the limits) is left unknown, never
guessed.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.wire.readers import Body

SESSIONS_MAX = 8
"""A client keeps one session for each broker connection; brokers keep 1,000 for all clients."""

PARTITIONS_MAX = 100_000
"""Per connection, roughly 20 MB; beyond it offsets of partitions left out become unknown."""

FINAL_EPOCH = -1
INITIAL_EPOCH = 0

Partition = tuple[str | bytes, int]
"""A topic's name, or its id from version 13 on, and the partition's number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one Fetch asks for, partitions that it leaves out included."""

    session_id: int
    epoch: int
    offsets: Mapping[Partition, int]


class FetchSessions:
    """The sessions of one connection; ask before forwarding, tell at the answer."""

    __slots__ = ("_sessions",)

    def __init__(self) -> None:
        self._sessions: OrderedDict[int, Mapping[Partition, int]] = OrderedDict()

    def knows(self, body: Body) -> bool:
        """Say whether all that a request asks for is known: it names it, or its session did."""
        epoch = body.get("session_epoch", FINAL_EPOCH)
        return epoch in (INITIAL_EPOCH, FINAL_EPOCH) or body["session_id"] in self._sessions

    def remembered(self, body: Body) -> frozenset[str | bytes]:
        """Name the topics of a request's session, also those that the request leaves out."""
        if body.get("session_epoch", FINAL_EPOCH) in (INITIAL_EPOCH, FINAL_EPOCH):
            return frozenset()
        return frozenset(key for key, _ in self._sessions.get(body["session_id"], ()))

    def wanted(self, body: Body) -> Wanted:
        """Tell what a request asks for; changes nothing until its answer is known."""
        session_id = body.get("session_id", 0)
        epoch = body.get("session_epoch", FINAL_EPOCH)
        named = {
            (key, partition["partition"]): partition["fetch_offset"]
            for topic in body["topics"]
            for key in (topic["topic_id"] if "topic_id" in topic else topic["topic"],)
            for partition in topic["partitions"]
        }
        if epoch in (INITIAL_EPOCH, FINAL_EPOCH):
            return Wanted(session_id=session_id, epoch=epoch, offsets=named)
        remembered = self._sessions.get(session_id, {})
        forgotten = body.get("forgotten_topics_data") or ()
        if not named and not forgotten:
            return Wanted(session_id=session_id, epoch=epoch, offsets=remembered)
        offsets = {**remembered, **named}
        for topic in forgotten:
            key = topic["topic_id"] if "topic_id" in topic else topic["topic"]
            for partition in topic["partitions"]:
                offsets.pop((key, partition), None)
        return Wanted(session_id=session_id, epoch=epoch, offsets=offsets)

    def answered(self, wanted: Wanted, body: Body) -> None:
        """Follow what the broker made of the request's session."""
        session_id = body.get("session_id", 0)
        # A full request ends the session it names; an error or session 0 ends it as well.
        self._sessions.pop(wanted.session_id, None)
        if body.get("error_code", 0) or not session_id or wanted.epoch == FINAL_EPOCH:
            return
        self._sessions[session_id] = wanted.offsets
        while len(self._sessions) > SESSIONS_MAX or self._partition_count() > PARTITIONS_MAX:
            self._sessions.popitem(last=False)

    def _partition_count(self) -> int:
        return sum(map(len, self._sessions.values()))
