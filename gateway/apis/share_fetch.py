"""ShareFetch: records for a member of a share group (KIP-932).

Several members see records of one partition, and one record may be delivered again, so the rows are
about deliveries: nobody asked for an offset, the broker chose. A ShareFetch may also acknowledge
earlier records.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from gateway.apis.payload import delivered_row
from gateway.apis.topics import TopicDirectory, reference

if TYPE_CHECKING:
    from gateway.evidence.event import Event
    from gateway.wire.readers import Body


SESSIONS_MAX = 64
"""A client has one share session for each of its members on a connection, and few members."""

INITIAL_EPOCH = 0

Member = tuple[str | None, str | None]
"""A group and a member of it, whose share session this is."""


class ShareSessions:
    """The share sessions begun on one connection; later requests leave out what did not change."""

    __slots__ = ("_members",)

    def __init__(self) -> None:
        self._members: OrderedDict[Member, None] = OrderedDict()

    def knows(self, body: Body) -> bool:
        """Say whether all that a request asks for was named on this connection."""
        return body["share_session_epoch"] == INITIAL_EPOCH or _member(body) in self._members

    def keep(self, member: Member) -> None:
        """Remember a session that the broker has begun, the oldest forgotten beyond the limit."""
        self._members[member] = None
        if len(self._members) > SESSIONS_MAX:
            self._members.popitem(last=False)


def begun_by(body: Body) -> Member | None:
    """Tell whose session a request begins, None when it goes on with one or ends it."""
    return _member(body) if body["share_session_epoch"] == INITIAL_EPOCH else None


def _member(body: Body) -> Member:
    return body["group_id"], body["member_id"]


def delivered_rows(
    template: Event, answer: Body, group_id: str | None, directory: TopicDirectory
) -> list[Event]:
    """Make one row for each topic-partition that carries bytes, with the ranges acquired.

    The bytes may hold more than was acquired; all of it reached the client.
    """
    rows = []
    for topic in answer["responses"]:
        named = reference(topic, directory)
        for partition in topic["partitions"]:
            if partition["records"]:
                detail = {"group_id": group_id, "acquired": partition["acquired_records"]}
                rows.append(delivered_row(template, named, partition, detail))
    return rows


def without_records(answer: Body) -> Body:
    """Copy an answer with its records and their ranges left out, for the exchange row."""
    return {
        **answer,
        "responses": [
            {
                **topic,
                "partitions": [
                    {
                        field: value
                        for field, value in partition.items()
                        if field not in {"records", "acquired_records"}
                    }
                    for partition in topic["partitions"]
                ],
            }
            for topic in answer["responses"]
        ],
    }
