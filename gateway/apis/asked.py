"""What of a request an approval is bound to: all of it but what differs from try to try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.wire.readers import Body

VOLATILE = frozenset({"timeout_ms"})
"""Admin clients send what is left of their time, which is less with each try."""

_FETCHED = ("partition", "fetch_offset", "partition_max_bytes")


def parameters(api_key: int, body: Body) -> Body:
    """Give the parameters that a decision about a request is about.

    Of a Fetch they are what is read: where in which partitions, how much, and which transactions.
    Its session, its patience and the leader's epoch are the client's own affair.
    """
    if api_key == ApiKey.FETCH:
        return {
            "isolation_level": body["isolation_level"],
            "max_bytes": body.get("max_bytes"),
            "topics": [
                {
                    "topic": topic.get("topic"),
                    "topic_id": topic.get("topic_id"),
                    "partitions": [
                        {name: partition.get(name) for name in _FETCHED}
                        for partition in topic["partitions"]
                    ],
                }
                for topic in body["topics"]
            ],
        }
    return {name: value for name, value in body.items() if name not in VOLATILE}
