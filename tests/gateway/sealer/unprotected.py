"""Ways to break the recorder and the sealer: without one of these protections a crash costs events.

Each crash test also runs without the protection that it is about, and must then find losses: a test
that finds none at all would find none in a broken sealer either.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from gateway.evidence import files, journal, segment
from gateway.evidence.log import folder
from gateway.evidence.writer import ArchiveWriter
from gateway.sealer import intents
from gateway.sealer.sealing import Sealer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gateway.evidence.block import CloseReason


def never_sync() -> None:
    """Leave it to the system when anything that is written reaches the disk."""
    _replace(os, fsync=lambda _fd: None, fdatasync=lambda _fd: None)


def ignore_short_writes() -> None:
    """Take every write for whole."""

    def write_once(fd: int, buffers: Sequence[bytes | memoryview]) -> int:
        os.writev(fd, buffers)
        return sum(map(len, buffers))

    for module in (files, journal, segment, folder, intents):
        if hasattr(module, "write_all"):
            _replace(module, write_all=write_once)


def ignore_failed_writes() -> None:
    """Take every write for done."""
    real = os.writev

    def write_or_not(fd: int, buffers: Sequence[bytes | memoryview]) -> int:
        with suppress(OSError):
            return real(fd, buffers)
        return sum(map(len, buffers))

    _replace(os, writev=write_or_not)


def sign_before_sync() -> None:
    """Sign what is not on the disk yet."""
    _replace(segment.SegmentWriter, sync=lambda _self: None)


def free_before_sync() -> None:
    """Free the journal once its events are written into a segment, and sync that much later."""
    flush = Sealer._flush

    def flush_and_free(sealer: Sealer, reason: CloseReason) -> None:
        flush(sealer, reason)
        sealer._free()

    _replace(ArchiveWriter, covered_sequence=property(lambda self: self.next_sequence))
    _replace(Sealer, _flush=flush_and_free, _sync=lambda _self: None)


def _replace(target: object, **members: object) -> None:
    for name, value in members.items():
        setattr(target, name, value)


REMOVED: Final[Mapping[str, Callable[[], None]]] = {
    "none": lambda: None,
    "syncs": never_sync,
    "whole writes": ignore_short_writes,
    "failed writes": ignore_failed_writes,
    "sync before signature": sign_before_sync,
    "sync before freeing": free_before_sync,
}
