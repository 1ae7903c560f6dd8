"""The records of an opened batch, rewritten where they lie: what is not masked is copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gateway.masking.counts import WHOLE, Counts
from gateway.masking.errors import UndecodableError
from gateway.masking.methods import REDACTED
from gateway.masking.plan import Undecodable
from gateway.wire.records.varint import read_varint, read_varlong, write_varint

if TYPE_CHECKING:
    from gateway.masking.plan import Plan, Reader

REDACTED_WHOLE: Final = f'"{REDACTED}"'.encode()
"""In place of what could not be read: a JSON text, and no tombstone."""


class _Span(NamedTuple):
    """A length and the bytes that it counts, None for null."""

    start: int
    end: int
    content: bytes | None


class RecordMasker:
    """Masks records by one plan, and keeps what it did; one for each batch."""

    __slots__ = ("_plan", "counts", "passed_count", "redacted_count")

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.counts = Counts()
        self.redacted_count = 0
        self.passed_count = 0

    def rewrite(self, body: bytes, record_count: int) -> bytes:
        """Return the records anew.

        Raises UndecodableError where one may not pass, MalformedError for what holds no records.
        """
        target = bytearray()
        position = 0
        for _ in range(record_count):
            length, start = read_varint(body, position)
            position = start + length
            if length < 0 or position > len(body):
                raise UndecodableError(f"a record does not end within its batch, at byte {start}")
            record = self._record(body, start, position)
            write_varint(target, len(record))
            target += record
        if position != len(body):
            raise UndecodableError(f"bytes follow the last record, at byte {position}")
        return bytes(target)

    def _record(self, body: bytes, start: int, end: int) -> bytes:
        plan = self._plan
        _, position = read_varlong(body, start + 1)  # behind the attributes
        _, position = read_varint(body, position)
        parts = [body[start:position]]
        for reader in (plan.key, plan.value):
            span = _read(body, position, end)
            parts.append(self._part(body, span, reader))
            position = span.end
        if plan.headers:
            position = self._headers(body, position, end, parts)
        parts.append(body[position:end])
        return b"".join(parts)

    def _headers(self, body: bytes, position: int, end: int, parts: list[bytes]) -> int:
        count, after = read_varint(body, position)
        if not 0 <= count <= end - after:
            raise UndecodableError(f"{count} headers do not fit their record, at byte {position}")
        parts.append(body[position:after])
        for _ in range(count):
            name = _read(body, after, end)
            value = _read(body, name.end, end)
            parts.append(body[name.start : name.end])
            reader = None if name.content is None else self._plan.headers.get(name.content)
            parts.append(self._part(body, value, reader))
            after = value.end
        if after != end:
            raise UndecodableError(f"bytes follow the last header, at byte {after}")
        return after

    def _part(self, body: bytes, span: _Span, reader: Reader | None) -> bytes:
        if reader is None or span.content is None:
            return body[span.start : span.end]
        replaced = self._masked(span.content, reader)
        if replaced == span.content:
            return body[span.start : span.end]
        target = bytearray()
        write_varint(target, -1 if replaced is None else len(replaced))
        return bytes(target + (replaced or b""))

    def _masked(self, content: bytes, reader: Reader) -> bytes | None:
        counts = Counts()
        try:
            replaced = reader.mask(content, counts)
        except UndecodableError:
            match self._plan.on_undecodable:
                case Undecodable.BLOCK:
                    raise
                case Undecodable.REDACT_WHOLE:
                    self.redacted_count += 1
                    return REDACTED_WHOLE
                case Undecodable.PASS_RECORDED:
                    self.passed_count += 1
                    return content
        self.counts.update(counts)
        return replaced

    def items(self) -> list[tuple[str, str, int]]:
        """List field, method and count; a value that was not read counts as the field `$`."""
        whole = [(WHOLE, str(Undecodable.REDACT_WHOLE), self.redacted_count)]
        return self.counts.items() + (whole if self.redacted_count else [])


def _read(body: bytes, position: int, end: int) -> _Span:
    length, start = read_varint(body, position)
    stop = start + max(length, 0)
    if stop > end:
        raise UndecodableError(f"a field goes beyond its record, at byte {position}")
    return _Span(position, stop, None if length < 0 else body[start:stop])
