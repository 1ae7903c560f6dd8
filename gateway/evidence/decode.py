"""From a stored frame to rows: decompressed, parsed, and compared with the header and the digests.

What one frame holds depends on no other, so frames can be decoded at the same time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import zstandard

from gateway.evidence.block import BlockHeader, BlockKind
from gateway.evidence.damage import DamageKind, Flaw
from gateway.evidence.errors import DamagedError
from gateway.evidence.event import EVENT_SCHEMA, EventKind
from gateway.evidence.segment import CONTENT_BYTES_MAX, END_OF_STREAM

if TYPE_CHECKING:
    from gateway.evidence.stored import StoredBlock

_CONTINUATION: Final = b"\xff\xff\xff\xff"
_REQUIRED: Final = tuple(field.name for field in EVENT_SCHEMA if not field.nullable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """What a frame holds."""

    rows: pa.RecordBatch | None = None
    """None for the schema and for the end of the stream."""
    stored: frozenset[bytes] = frozenset()
    """The digests of the record batches whose bytes stand here."""
    referred: frozenset[bytes] = frozenset()
    """The digests of the record batches whose bytes must stand in an earlier block."""


def decode(stored: StoredBlock) -> Decoded | Flaw:
    """Return what the frame holds, or what is wrong with it; never raises DamagedError."""
    header = stored.header
    is_lost = header.kind is BlockKind.BLOCK
    lost = (header.first_sequence, header.last_sequence) if is_lost else (None, None)
    try:
        content = decompress(stored)
    except DamagedError as error:
        return Flaw(DamageKind.FRAME, str(error), *lost)
    try:
        return _decoded(header, content)
    except DamagedError as error:
        return Flaw(DamageKind.ROWS, str(error), *lost)
    # pyarrow raises what fits the cause: ArrowInvalid is a ValueError, a cut message an OSError.
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        message = f"the frame holds no Arrow message of this schema: {error}"
        return Flaw(DamageKind.ROWS, message, *lost)


def decompress(stored: StoredBlock) -> bytes:
    """Return the content of a frame; raises DamagedError.

    The declared size is compared before anything is allocated for it.
    """
    if stored.frame_error is not None:
        raise DamagedError(stored.frame_error)
    declared = stored.header.content_bytes
    try:
        frame = zstandard.get_frame_parameters(stored.frame)
        if frame.content_size != declared or declared > CONTENT_BYTES_MAX:
            raise DamagedError("the frame's size contradicts its header")
        if not frame.has_checksum:
            raise DamagedError("the frame has no checksum of its content")
        content: bytes = zstandard.ZstdDecompressor().decompress(
            stored.frame, allow_extra_data=False
        )
    except zstandard.ZstdError as error:
        raise DamagedError(f"the frame does not decompress: {error}") from error
    return content


def _decoded(header: BlockHeader, content: bytes) -> Decoded:
    if header.kind is BlockKind.CLOSE:
        if content != END_OF_STREAM:
            raise DamagedError("the last frame holds no Arrow end of stream")
        return Decoded()
    if header.kind is BlockKind.OPEN:
        message = _message(content, "schema")
        if not pa.ipc.read_schema(message).equals(EVENT_SCHEMA, check_metadata=True):
            raise DamagedError("the segment was written with another schema")
        return Decoded()
    rows = pa.ipc.read_record_batch(_message(content, "record batch"), EVENT_SCHEMA)
    rows.validate(full=True)
    _compare(header, rows)
    stored, referred = _payload(rows.column("batches"))
    return Decoded(rows=rows, stored=stored, referred=referred)


def _message(content: bytes, wanted: str) -> pa.Message:
    message = pa.ipc.read_message(content)
    # Taken for what it is not, a message makes Arrow read outside of it (measured: it crashes).
    if message.type != wanted:
        raise DamagedError(f"the frame holds an Arrow {message.type}, not a {wanted}")
    metadata_bytes = int.from_bytes(content[4:8], "little")
    body_bytes = 0 if message.body is None else message.body.size
    if content[:4] != _CONTINUATION or 8 + metadata_bytes + body_bytes != len(content):
        raise DamagedError("the frame holds more than one Arrow message")
    return message


def _compare(header: BlockHeader, rows: pa.RecordBatch) -> None:
    """Compare the rows with what the header says of them; raises DamagedError."""
    if not rows.num_rows or any(rows.column(name).null_count for name in _REQUIRED):
        raise DamagedError("the block holds no rows, or rows without what every row has")
    sequences = rows.column("sequence")
    said = (header.event_count, header.first_sequence, header.last_sequence)
    found = (rows.num_rows, sequences[0].as_py(), sequences[-1].as_py())
    if said != found or pc.any(pc.not_equal(pc.pairwise_diff(sequences), 1)).as_py():
        first, last = header.first_sequence, header.last_sequence
        raise DamagedError(f"the rows are not events {first} to {last} as the header says")
    times = pc.min_max(rows.column("wall_time").cast(pa.int64())).as_py()
    if (times["min"], times["max"]) != (header.first_wall_ns, header.last_wall_ns):
        raise DamagedError("the times of the rows are not those that the header says")
    boots = _distinct(rows.column("boot_id"))
    bundles = tuple(digest.hex() for digest in _distinct(rows.column("bundle_digest")))
    torn = pc.equal(rows.column("kind"), EventKind.TORN)
    torn_bytes = pc.sum(rows.column("byte_count").filter(torn)).as_py() or 0
    said_also = (header.boot_ids, header.bundle_digests, header.torn_bytes)
    if said_also != (boots, bundles, torn_bytes):
        raise DamagedError("boots, policy bundles or torn bytes are not those that the header says")


def _distinct(column: pa.Array) -> tuple[Any, ...]:
    return tuple(sorted(column.drop_null().unique().to_pylist()))


def _payload(column: pa.Array) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Hash every payload; return the digests that stand here, and those that must stand before."""
    digests, _, _, _, sizes, payloads = column.flatten().flatten()
    stored: set[bytes] = set()
    referred: set[bytes] = set()
    for digest, size, payload in zip(digests.to_pylist(), sizes.to_pylist(), payloads, strict=True):
        if digest is None or size is None:
            raise DamagedError("a record batch has no digest or no size")
        if not payload.is_valid:
            if digest not in stored:
                referred.add(digest)
            continue
        content = payload.as_buffer()
        if content.size != size or hashlib.sha256(content).digest() != digest:
            raise DamagedError(f"the record batch {digest.hex()} is not what its digest says")
        stored.add(digest)
    return frozenset(stored), frozenset(referred)
