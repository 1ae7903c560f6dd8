"""Topic ids and names, learned from the answers that pass by and shared by all sessions of a process."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import OrderedDict

NULL_TOPIC_ID = bytes(16)

TOPIC_IDS_MAX = 200_000
"""About the number of topics of the largest clusters; an entry costs roughly 200 bytes."""


def topic_id_text(topic_id: bytes) -> str:
    """Write a topic id as Kafka prints it: 22 characters of URL-safe base64."""
    return urlsafe_b64encode(topic_id)[:22].decode()


class TopicDirectory:
    """Names by topic id, the oldest forgotten beyond `topic_ids_max`.

    An id never changes its name: a recreated topic gets a new id (KIP-516), so an old entry stays true
    for records of the old topic. The way back, name to id, follows the newest answer.
    """

    __slots__ = ("_ids", "_names", "_topic_ids_max")

    def __init__(self, *, topic_ids_max: int = TOPIC_IDS_MAX) -> None:
        self._names: OrderedDict[bytes, str] = OrderedDict()
        self._ids: dict[str, bytes] = {}
        self._topic_ids_max = topic_ids_max

    def learn(self, topic_id: bytes | None, name: str | None) -> None:
        """Keep a pair; the null id, an absent name and an id of wrong length are ignored."""
        if not name or topic_id is None or len(topic_id) != len(NULL_TOPIC_ID):
            return
        if topic_id == NULL_TOPIC_ID or self._ids.get(name) == topic_id:
            return
        self._names[topic_id] = name
        self._ids[name] = topic_id
        if len(self._names) > self._topic_ids_max:
            oldest, its_name = self._names.popitem(last=False)
            if self._ids.get(its_name) == oldest:
                del self._ids[its_name]

    def name_of(self, topic_id: bytes) -> str | None:
        """Tell the name of a topic id, or None while no answer has named it."""
        return self._names.get(topic_id)

    def id_of(self, name: str) -> bytes | None:
        """Tell the newest id seen for a name."""
        return self._ids.get(name)
