"""The block header: what stands before each frame of a segment, and what the hash chain runs over.

It is the content of a zstd skippable frame, which every zstd decoder steps over: one line of JSON,
and a line with the SHA-256 of the first in hex. That hash finds a changed header in the file
itself, and it is the `previous_sha256` of the header that follows.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from gateway.evidence.errors import UNREADABLE_JSON, DamagedError
from gateway.evidence.log.certificates import KeyChange
from gateway.evidence.log.tiles import ENTRY_BYTES_MAX

SEGMENT_FORMAT: Final = 2
# Format 1 had no log.
SEGMENT_FORMATS: Final = (1, 2)
# One of the sixteen skippable magics of RFC 8878 section 3.1.2; the last but four is the seek
# table's.
HEADER_MAGIC: Final = 0x184D2A5B
HEADER_BYTES_MAX: Final = 1024 * 1024
# What a header may list, so that its line fits an entry of the log.
DISTINCT_MAX: Final = 256
NO_PREVIOUS: Final = "0" * 64
SKIPPABLE: Final = struct.Struct("<II")
_DIGEST_LINE_BYTES: Final = 66


# What an Arrow int64 and every reader's integer can hold.
_INT64_MAX: Final = 2**63 - 1
_Count = Annotated[int, msgspec.Meta(ge=0, le=_INT64_MAX)]
# A seek table has no room for more.
_Size = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
# An origin without events has the last sequence number -1.
_LastSequence = Annotated[int, msgspec.Meta(ge=-1, le=_INT64_MAX)]
_Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
_SegmentId = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
_Time = Annotated[int, msgspec.Meta(ge=-_INT64_MAX - 1, le=_INT64_MAX)]


class BlockKind(StrEnum):
    """What the frame behind the header holds."""

    OPEN = "open"
    """The Arrow schema; the first of a segment."""
    BLOCK = "block"
    """One Arrow record batch of events."""
    CLOSE = "close"
    """The Arrow end of stream; the last of a segment."""


class CloseReason(StrEnum):
    """Why a block or a segment ended where it did."""

    SIZE = "size"
    TIME = "time"
    IDLE = "idle"
    SHUTDOWN = "shutdown"
    RECOVERY = "recovery"


class BlockHeader(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """The header of one frame; docs/segment-format.md explains each field.

    `block` counts the headers of an origin over all its segments, `segment` its segments. An open
    header has no events: its `last_sequence` is `first_sequence` - 1. A close header sums up its
    segment.

    `segment_id` is random and stands first, so that a reader that lost its way takes no header for
    one of the segment's that somebody put into a recorded payload.
    """

    format: int
    segment_id: _SegmentId
    kind: BlockKind
    origin: str
    segment: _Count
    block: _Count
    first_sequence: _Count
    last_sequence: _LastSequence
    event_count: _Count
    first_wall_ns: _Time | None
    last_wall_ns: _Time | None
    sealed_wall_ns: _Time
    frame_bytes: _Size
    content_bytes: _Size
    frame_sha256: _Digest
    previous_sha256: _Digest
    boot_ids: tuple[str, ...]
    bundle_digests: tuple[str, ...]
    durability: str
    reason: CloseReason | None
    torn_bytes: _Count
    log: str | None = None
    keys: tuple[str, ...] = ()
    key_change: KeyChange | None = None


@dataclass(slots=True)
class Totals:
    """What the headers of a segment add up to, as its last header says it."""

    first_sequence: int
    event_count: int = 0
    first_wall_ns: int | None = None
    last_wall_ns: int | None = None
    torn_bytes: int = 0

    @classmethod
    def said_by(cls, header: BlockHeader) -> Totals:
        """Return what the header of a whole segment says."""
        return cls(
            first_sequence=header.first_sequence,
            event_count=header.event_count,
            first_wall_ns=header.first_wall_ns,
            last_wall_ns=header.last_wall_ns,
            torn_bytes=header.torn_bytes,
        )

    def add(self, header: BlockHeader) -> None:
        """Take in the header of a block."""
        self.event_count += header.event_count
        self.torn_bytes += header.torn_bytes
        self.first_wall_ns = least(self.first_wall_ns, header.first_wall_ns)
        self.last_wall_ns = most(self.last_wall_ns, header.last_wall_ns)


class _AnyHeader(msgspec.Struct):
    """What every version's header has."""

    format: int


@dataclass(frozen=True, slots=True)
class EncodedHeader:
    """A header as bytes: its line, the hash of that in hex, and the frame that holds both."""

    line: bytes
    digest: str
    frame: bytes


def encode_header(header: BlockHeader) -> EncodedHeader:
    """Return the header as it is stored."""
    line = msgspec.json.encode(header)
    digest = hashlib.sha256(line).hexdigest()
    content = b"%b\n%b\n" % (line, digest.encode())
    assert len(line) <= ENTRY_BYTES_MAX, "the writer bounds what a header lists"
    return EncodedHeader(line, digest, SKIPPABLE.pack(HEADER_MAGIC, len(content)) + content)


def decode_header(content: bytes) -> tuple[BlockHeader, EncodedHeader]:
    """Return the header in a skippable frame's content; raises DamagedError."""
    line = content[:-_DIGEST_LINE_BYTES]
    digest = hashlib.sha256(line).hexdigest()
    if content[-_DIGEST_LINE_BYTES:] != b"\n%b\n" % digest.encode():
        raise DamagedError("the header does not match its own SHA-256")
    try:
        found = msgspec.json.decode(line, type=_AnyHeader).format
        if found not in SEGMENT_FORMATS:
            raise DamagedError(
                f"the header has format {found}; this version reads up to {SEGMENT_FORMAT}"
            )
        header = msgspec.json.decode(line, type=BlockHeader)
    except UNREADABLE_JSON as error:
        raise DamagedError(f"the header cannot be read: {error}") from error
    return header, EncodedHeader(line, digest, SKIPPABLE.pack(HEADER_MAGIC, len(content)) + content)


def least(known: int | None, seen: int | None) -> int | None:
    """Return the smaller of what is there."""
    return min((value for value in (known, seen) if value is not None), default=None)


def most(known: int | None, seen: int | None) -> int | None:
    """Return the larger of what is there."""
    return max((value for value in (known, seen) if value is not None), default=None)
