"""What a mask rule asks for; `gateway.masking` makes plans of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.policy.selection import Names


class MaskMethod(StrEnum):
    """How a value is made unreadable."""

    REDACT = "redact"
    NULL = "null"
    PARTIAL = "partial"
    PSEUDONYM = "pseudonym"
    TOKEN = "token"  # noqa: S105 - the name of a method


class RecordPart(StrEnum):
    """Where in a record a field lies."""

    KEY = "key"
    VALUE = "value"
    HEADER = "header"


class MaskFormat(StrEnum):
    """What a record's bytes are taken for."""

    AUTO = "auto"
    JSON = "json"
    AVRO = "avro"
    PROTOBUF = "protobuf"
    JSON_SCHEMA = "json_schema"
    TEXT = "text"


class OnUndecodable(StrEnum):
    """What becomes of a record that cannot be read as the rule expects."""

    BLOCK = "block"
    REDACT_WHOLE = "redact_whole"
    PASS_RECORDED = "pass_recorded"  # noqa: S105 - no password: lets pass


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskField:
    """One field, and how it is masked.

    A field is chosen by `path`, by schema `tag`, by header `name`, or is the whole `part`.
    `keep_first` and `keep_last` are characters that `partial` leaves, `key` names the key of
    pseudonyms and tokens, `allow_key` tells that changing a record's key is meant.
    """

    method: MaskMethod
    part: RecordPart = RecordPart.VALUE
    path: str | None = None
    tag: str | None = None
    name: str | None = None
    keep_first: int = 0
    keep_last: int = 0
    key: str | None = None
    allow_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskRule:
    """The fields of some topics' records that are masked, for the APIs that the rule is about.

    `topics` is None for all topics, `on_undecodable` None for the default of the direction.
    """

    id: str
    apis: frozenset[int]
    fields: tuple[MaskField, ...]
    topics: Names | None = None
    format: MaskFormat = MaskFormat.AUTO
    on_undecodable: OnUndecodable | None = None

    def speaks_of(self, api_key: int, topic: str) -> bool:
        """Say whether records of a topic are masked when an API carries them."""
        return api_key in self.apis and (self.topics is None or self.topics.match(topic))
