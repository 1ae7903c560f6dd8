"""Damage: what a reader found wrong, where, and in which events; a value, never an exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class DamageKind(StrEnum):
    """What is wrong; docs/segment-format.md tells how each can come about."""

    MARKER = "marker"
    """`archive.json` is missing or unreadable."""
    UNREADABLE = "unreadable"
    """The operating system would not read the file."""
    UNEXPECTED_FILE = "unexpected_file"
    """A file that no writer of this format makes."""
    HEADER = "header"
    """A block header is damaged; the reader went on at the next sound one."""
    FRAME = "frame"
    """A frame does not match the SHA-256 in its header, or does not decompress."""
    ROWS = "rows"
    """A sound frame holds rows that contradict its header, or payload that belies its digest."""
    CHAIN = "chain"
    """A header does not follow the one before it: something was removed, added or reordered."""
    NAME = "name"
    """A segment's name or folder contradicts its first header."""
    SEQUENCE_GAP = "sequence_gap"
    """Sequence numbers are missing."""
    SEQUENCE_OVERLAP = "sequence_overlap"
    """Sequence numbers appear twice."""
    MISSING_BEGINNING = "missing_beginning"
    """The first segment of the origin is not its first."""
    TRUNCATED = "truncated"
    """A segment ends too early: it is sealed or a later one exists."""
    SEEK_TABLE = "seek_table"
    """The seek table contradicts the frames."""
    TRAILING_BYTES = "trailing_bytes"
    """Something stands behind the end of a sealed segment."""
    LOG_FILE = "log_file"
    """A file of the log is missing, unreadable, not as it was published, or none of the log's."""
    CHECKPOINT = "checkpoint"
    """A checkpoint is missing, unreadable, not signed as it must be, or of another tree."""
    KEY = "key"
    """A change of key or a certificate is wrong, or the root key is not the trusted one."""
    LEAF = "leaf"
    """A header is sound in itself and not the one that the signed log holds in its place."""
    MISSING = "missing"
    """The signed log holds headers that stand in no segment."""
    WITNESS = "witness"
    """A witness did not cosign, or saw another history or a longer one."""
    LISTED = "listed"
    """A file is gone or not what the signed list of files says, or the list is not as it was."""
    TIMESTAMP = "timestamp"
    """A timestamp is missing, not by the trusted authority, or of something else than this log."""
    OPEN_TAIL = "open_tail"
    """Information: the segment is still being written."""
    UNSIGNED = "unsigned"
    """Information: the origin has no log."""
    UNLISTED = "unlisted"
    """Information: the origin has no signed list of files."""
    UNCOVERED = "uncovered"
    """Information: no checkpoint covers the newest headers yet."""
    UNFINISHED_FILE = "unfinished_file"
    """Information: a file of the log was being written when it was looked at, or in a crash."""
    SILENCE = "silence"
    """Information: nothing was recorded for longer than a living recorder lets pass."""
    CLOCK = "clock"
    """Information: the sealer's clock went back."""
    KEY_LOST = "key_lost"
    """Information: a key was changed without the signature of the one before."""
    TOMBSTONE = "tombstone"
    """A tombstone is unreadable, not signed by a key of the log, or about something else."""
    EXPIRED = "expired"
    """Information: a segment was removed because its time was over, and has a tombstone."""
    NOT_SELECTED = "not_selected"
    """Information: segments were left out on purpose, as the archive itself says."""


INFORMATION: Final = frozenset(
    {
        DamageKind.OPEN_TAIL,
        DamageKind.UNSIGNED,
        DamageKind.UNLISTED,
        DamageKind.UNCOVERED,
        DamageKind.UNFINISHED_FILE,
        DamageKind.SILENCE,
        DamageKind.CLOCK,
        DamageKind.KEY_LOST,
        DamageKind.EXPIRED,
        DamageKind.NOT_SELECTED,
    }
)


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with something, told without its place; the sequence numbers are lost."""

    kind: DamageKind
    message: str
    first_sequence: int | None = None
    last_sequence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One thing that is wrong.

    Each lost run of sequence numbers is named by exactly one damage, in `first_sequence` and
    `last_sequence`.
    """

    kind: DamageKind
    message: str
    origin: str
    segment: str
    byte_offset: int
    block: int | None = None
    first_sequence: int | None = None
    last_sequence: int | None = None

    @property
    def is_information(self) -> bool:
        """Whether this is no fault, but to be known: an archive being written has an open tail."""
        return self.kind in INFORMATION
