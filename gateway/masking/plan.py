"""All masks on the records of one topic that pass in one direction, made ready."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, Protocol

from gateway.masking.errors import MaskError, UndecodableError
from gateway.masking.json_text import mask_json
from gateway.masking.methods import Null, stronger
from gateway.masking.paths import Leaf, State, compile_paths, parse_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from gateway.masking.counts import Counts
    from gateway.masking.methods import Method

Part = Literal["key", "value", "header"]

FRAMED: Final = 0
"""The first byte of what a schema registry's serializers write; no JSON text begins with it."""


class Undecodable(StrEnum):
    """What becomes of what cannot be read, from the mildest to the strictest."""

    PASS_RECORDED = "pass_recorded"  # noqa: S105 - no password: it is let pass
    REDACT_WHOLE = "redact_whole"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """One place and its method; `header` names the header where that is the part."""

    method: Method
    part: Part = "value"
    path: str = "$"
    header: str | None = None
    is_text: bool = False
    """Whether the part is plain text and no JSON; it is replaced as a whole."""


class Reader(Protocol):
    """Masks one part of a record in one format."""

    def mask(self, content: bytes, counts: Counts) -> bytes | None:
        """Return the content with its values replaced; raises UndecodableError."""


@dataclass(frozen=True, slots=True)
class JsonReader:
    """Masks what paths lead to in a JSON text."""

    begin: State

    def mask(self, content: bytes, counts: Counts) -> bytes | None:
        """Return the text with its values replaced."""
        if content[:1] == bytes([FRAMED]):
            raise UndecodableError("written with a schema registry, of which nothing is configured")
        return mask_json(content, self.begin, counts)


@dataclass(frozen=True, slots=True)
class TextReader:
    """Masks a text as a whole."""

    leaf: Leaf

    def mask(self, content: bytes, counts: Counts) -> bytes | None:
        """Return what stands in place of the text."""
        try:
            replaced = self.leaf.method.of_text(content.decode())
        except UnicodeDecodeError as error:
            raise UndecodableError(f"no UTF-8 at byte {error.start}") from None
        counts.add(self.leaf)
        return None if replaced is None else replaced.encode()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with each part of a record; a part that is None stays as it is."""

    value: Reader | None
    key: Reader | None
    headers: Mapping[bytes, Reader]
    on_undecodable: Undecodable


def compile_plan(masks: Iterable[Mask], on_undecodable: Iterable[Undecodable]) -> Plan:
    """Make the plan of all masks on a topic; the strictest way with what is unreadable holds.

    Raises MaskError for masks that do not go together.
    """
    by_place: dict[tuple[Part, str | None], list[Mask]] = {}
    for mask in masks:
        by_place.setdefault((mask.part, mask.header), []).append(mask)
    readers = {place: _reader(place[0], found) for place, found in by_place.items()}
    return Plan(
        value=readers.get(("value", None)),
        key=readers.get(("key", None)),
        headers={
            header.encode(): reader for (_, header), reader in readers.items() if header is not None
        },
        on_undecodable=max(on_undecodable, key=list(Undecodable).index),
    )


def _reader(part: Part, masks: list[Mask]) -> Reader:
    are_text = {mask.is_text for mask in masks}
    if len(are_text) > 1:
        raise MaskError(f"one topic's {part} is text to one rule and JSON to another")
    if True not in are_text:
        paths = [(parse_path(mask.path), mask.method) for mask in masks]
        return JsonReader(compile_paths(paths, _prefix(part, masks[0].header)))
    method = masks[0].method
    for mask in masks:
        if parse_path(mask.path):
            raise MaskError(
                f"path {mask.path} leads into a text: leave it out, or take it for JSON"
            )
        method = stronger(method, mask.method)
    if isinstance(method, Null) and part != "header":
        raise MaskError(f"null as a whole {part} has a meaning of its own in Kafka: use redact")
    return TextReader(Leaf(f"{_prefix(part, masks[0].header)}$", method))


def _prefix(part: Part, header: str | None) -> str:
    """Tell what stands before a path in the evidence: nothing for the value, which most are in."""
    if part == "header":
        return f"header:{header}:"
    return "key:" if part == "key" else ""
