"""Decoded messages as the JSON of an event's `detail`: bounded, readable, and without secrets.

Rules of the rendering: topic ids become Kafka's text, with the topic's name beside them where the
message has none; bytes become base64 up to a limit, beyond it their length; a value that is a
secret by the name beside it is replaced by `WITHHELD`, and so is every text that repeats one. What
the limits leave out is counted in place: `{"left_out": n}` ends a shortened list.
"""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

import msgspec

from gateway.apis.topics import NULL_TOPIC_ID, TopicDirectory, topic_id_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from gateway.wire.readers import Body

VALUES_MAX = 20_000
"""About 500 KB of JSON: an OffsetCommit of 2,500 partitions, a CreateTopics of 1,000 topics."""
TEXT_CHARACTERS_MAX = 2_048
"""Longer than any name Kafka allows (249) and any usual config value."""
BYTES_MAX = 4_096
"""Group metadata and assignments of ordinary size stay readable; telemetry does not fit and need
not."""

WITHHELD = "<withheld>"

# Opaque bytes that are secret, or that another row holds already (records).
_BYTES_WITHHELD = frozenset({"auth_bytes", "hmac", "salt", "salted_password"})
_BYTES_COUNTED = frozenset({"records", "metrics"})

_SECRET_NAME = re.compile(
    r"password|passwd|passphrase|secret|token|credential|jaas|private|(?:^|[._-])key$|api[._-]?key",
    re.IGNORECASE,
)


def looks_secret(name: str) -> bool:
    """Say whether a configuration of this name may hold a secret, as ssl.key.password does."""
    return _SECRET_NAME.search(name) is not None


def secret_values(body: Body) -> frozenset[str]:
    """Collect a request's values that stand beside a secret's name: answers may repeat them."""
    return frozenset(_secrets(body))


def to_json(detail: Mapping[str, object]) -> str:
    """Write an event's detail column."""
    return msgspec.json.encode(detail).decode()


class Rendering:
    """One bounded rendering; the limits count over everything rendered by it."""

    __slots__ = ("_left", "_secrets", "_topics")

    def __init__(self, topics: TopicDirectory, secrets: frozenset[str] = frozenset()) -> None:
        self._topics = topics
        self._secrets = secrets
        self._left = VALUES_MAX

    def message(self, body: Body) -> dict[str, object]:
        """Render a decoded message or a structure in it."""
        name = body.get("name", body.get("key"))
        is_secret = isinstance(name, str) and "value" in body and looks_secret(name)
        rendered: dict[str, object] = {}
        for field, value in body.items():
            if field == "_tags":
                rendered["unknown_tags"] = sorted(value)
            elif field == "topic_id":
                rendered.update(self._topic(value, body))
            elif is_secret and field == "value" and value is not None:
                rendered[field] = WITHHELD
            else:
                rendered[field] = self._value(field, value)
        return rendered

    def _topic(self, topic_id: bytes, body: Body) -> dict[str, object]:
        if topic_id == NULL_TOPIC_ID:
            return {}
        self._left -= 2
        text: dict[str, object] = {"topic_id": topic_id_text(topic_id)}
        named = body.get("name") or body.get("topic_name")
        return text if named else text | {"name": self._topics.name_of(topic_id)}

    def _value(self, field: str, value: object) -> object:
        self._left -= 1
        if isinstance(value, list):
            return self._items(field, value)
        if isinstance(value, dict):
            return self.message(value)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bytes | memoryview):
            return _bytes(field, value)
        return value

    def _items(self, field: str, items: list[object]) -> list[object]:
        rendered: list[object] = []
        for item in items:
            if self._left <= 0:
                rendered.append({"left_out": len(items) - len(rendered)})
                break
            rendered.append(self._value(field, item))
        return rendered

    def _text(self, text: str) -> str:
        if self._secrets and any(secret in text for secret in self._secrets):
            return WITHHELD
        if len(text) > TEXT_CHARACTERS_MAX:
            more = len(text) - TEXT_CHARACTERS_MAX
            return f"{text[:TEXT_CHARACTERS_MAX]}... (and {more} more characters)"
        return text


def first_error(body: Body) -> int:
    """Find a message's own error code, else the first in its structures; 0 for none."""
    inner: list[object] = []
    for field, value in body.items():
        if field.endswith("error_code"):
            if value:
                return int(value)
        elif value.__class__ is dict:
            inner.append(value)
        elif value.__class__ is list and value and value[0].__class__ is dict:
            inner.extend(value)
    for structure in inner:
        if isinstance(structure, dict) and (error_code := first_error(structure)):
            return error_code
    return 0


def _bytes(field: str, value: bytes | memoryview) -> object:
    if field in _BYTES_WITHHELD:
        return WITHHELD
    if len(value) == len(NULL_TOPIC_ID) and field.endswith("_id"):
        return topic_id_text(bytes(value))
    if field in _BYTES_COUNTED or len(value) > BYTES_MAX:
        return {"byte_count": len(value)}
    return b64encode(value).decode()


def _secrets(value: object) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _secrets(item)
    elif isinstance(value, dict):
        name = value.get("name", value.get("key"))
        secret = value.get("value")
        if isinstance(name, str) and isinstance(secret, str) and secret and looks_secret(name):
            yield secret
        for item in value.values():
            yield from _secrets(item)
