"""Topic ids and names, learned from the answers that pass by."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.wire.readers import Body

NULL_TOPIC_ID = bytes(16)

TOPIC_IDS_MAX = 200_000
"""About the number of topics of the largest clusters; an entry costs roughly 200 bytes."""


def topic_id_text(topic_id: bytes) -> str:
    """Write a topic id as Kafka prints it: 22 characters of URL-safe base64."""
    return urlsafe_b64encode(topic_id)[:22].decode()


class TopicDirectory:
    """Names by topic id, the oldest forgotten beyond `topic_ids_max`.

    An id never changes its name: a topic that is deleted and made again has a new id (KIP-516), so
    an old entry stays true for what was sent under it. Names are never turned into ids: which id a
    name meant at one moment cannot be known here.
    """

    __slots__ = ("_names", "_topic_ids_max")

    def __init__(self, *, topic_ids_max: int = TOPIC_IDS_MAX) -> None:
        self._names: OrderedDict[bytes, str] = OrderedDict()
        self._topic_ids_max = topic_ids_max

    def learn(self, topic_id: bytes | None, name: str | None) -> None:
        """Keep a pair; the null id and an absent name teach nothing."""
        if not name or not topic_id or topic_id == NULL_TOPIC_ID or topic_id in self._names:
            return
        self._names[topic_id] = name
        if len(self._names) > self._topic_ids_max:
            self._names.popitem(last=False)

    def name_of(self, topic_id: bytes) -> str | None:
        """Tell the name of a topic id, or None while no answer has named it."""
        return self._names.get(topic_id)


@dataclass(frozen=True, slots=True)
class TopicReference:
    """How one message names a topic, and what is known of it.

    `key` is what the message itself says (the id from some version on, the name before), `name` is
    None while no answer has named the id, `id_text` is None where the message names no id.
    """

    key: str | bytes
    name: str | None
    id_text: str | None


def reference(topic: Body, directory: TopicDirectory) -> TopicReference:
    """Read how a structure with `topic_id`, or else `name` or `topic`, names a topic."""
    topic_id = topic.get("topic_id")
    if topic_id is not None and topic_id != NULL_TOPIC_ID:
        return TopicReference(topic_id, directory.name_of(topic_id), topic_id_text(topic_id))
    name = topic.get("name", topic.get("topic"))
    return TopicReference(name or NULL_TOPIC_ID, name, None)
