"""Checking a log's timestamps: what existed by when, on the word of an authority outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.evidence.damage import DamageKind
from gateway.evidence.errors import ProofError
from gateway.evidence.log.checkpoint import decode_checkpoint
from gateway.evidence.log.folder import REPLY, STAMPED, TIMESTAMPS, timestamp_path
from gateway.evidence.log.note import decode_note
from gateway.evidence.log.trust import check_lineage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.evidence.block import BlockHeader
    from gateway.evidence.log.folder import LogFolder
    from gateway.evidence.log.keyring import KeyRing
    from gateway.evidence.log.published import Leaves, Published
    from gateway.evidence.log.trust import TellsTime

_NANOSECONDS: Final = 1_000_000_000
# Two clocks that are both looked after differ by less.
CLOCK_NS: Final = 60 * _NANOSECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """That the first `size` headers of a log existed by a time."""

    size: int
    sequence: int | None
    """The last event that they tell of; None where no header of the segments does."""
    before_ns: int


@dataclass(frozen=True, slots=True)
class StampFlaw:
    """What is wrong with a timestamp, and with which file in the log's folder."""

    kind: DamageKind
    path: str
    message: str


class Timestamps:
    """The timestamps of one log, and what the newest header says that each of them covers."""

    def __init__(self, folder: LogFolder, published: Published) -> None:
        self._folder = folder
        self.sizes = published.timestamped_sizes()
        self._is_last = {size - 1 for size in self.sizes}
        self._told: dict[int, tuple[int | None, int]] = {}

    def follow(self, header: BlockHeader, sequence: int | None) -> None:
        """Take in a header that the log holds, with the last event up to it."""
        if header.block in self._is_last:
            self._told[header.block + 1] = (sequence, header.sealed_wall_ns)

    def check(
        self, leaves: Leaves, ring: KeyRing | None, authority: TellsTime | None
    ) -> Iterator[Timestamp | StampFlaw]:
        """Yield what each timestamp shows, and what is wrong.

        Without an authority only the checkpoints are checked, and nothing is shown.
        """
        if authority is not None and not self.sizes:
            message = "no checkpoint has a timestamp, and you name an authority"
            yield StampFlaw(DamageKind.TIMESTAMP, TIMESTAMPS, message)
        for size in self.sizes:
            path = timestamp_path(size, STAMPED)
            try:
                content = self._checkpoint(path, size, leaves, ring)
                path = timestamp_path(size, REPLY)
                reply = self._folder.read(path)
                before_ns = None if authority is None else authority.check(reply, content)
            except (ProofError, OSError) as error:
                yield StampFlaw(DamageKind.TIMESTAMP, path, f"it is not good: {error}")
                continue
            if before_ns is not None:
                yield from self._shown(size, before_ns)

    def _checkpoint(self, path: str, size: int, leaves: Leaves, ring: KeyRing | None) -> bytes:
        content = self._folder.read(path)
        note = decode_note(content)
        checkpoint = decode_checkpoint(note.text)
        if checkpoint.size != size:
            raise ProofError("it is not called by its size")
        check_lineage(leaves, checkpoint)
        if ring is not None:
            ring.check(note, checkpoint)
        return content

    def _shown(self, size: int, before_ns: int) -> Iterator[Timestamp | StampFlaw]:
        sequence, sealed_ns = self._told.get(size, (None, before_ns))
        yield Timestamp(size=size, sequence=sequence, before_ns=before_ns)
        ahead_ns = sealed_ns - before_ns
        if ahead_ns > CLOCK_NS:
            message = (
                f"the sealer's clock was ahead of the authority's by {ahead_ns / _NANOSECONDS:,.0f}"
                " s at least: what it says of the time is wrong"
            )
            yield StampFlaw(DamageKind.CLOCK, timestamp_path(size, REPLY), message)
