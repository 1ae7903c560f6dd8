"""Comparing an origin's headers with the leaves of its log: which are there, when, and whose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.evidence.block import BlockHeader, BlockKind, CloseReason
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import ProofError
from gateway.evidence.log.merkle import leaf_hash

if TYPE_CHECKING:
    from gateway.evidence.log.keyring import KeyRing
    from gateway.evidence.log.published import Leaves
    from gateway.evidence.places import Place, Places
    from gateway.evidence.timestamps import Timestamps

_NANOSECONDS: Final = 1_000_000_000
# The recorder lets a minute pass at most without an event, and a block waits for a second.
SILENCE_NS: Final = 75 * _NANOSECONDS


class HeaderCheck:
    """Goes through the headers once; every change of key in them is taken into the key ring."""

    def __init__(
        self, origin: str, leaves: Leaves, ring: KeyRing | None, timestamps: Timestamps
    ) -> None:
        self.damages: list[Damage] = []
        self.covered_sequence: int | None = None
        """The last event that the log covers."""
        self.uncovered_events = 0
        self._origin = origin
        self._leaves = leaves
        self._ring = ring
        self._timestamps = timestamps
        self._last: Place | None = None
        self._is_uncovered = False

    def run(self, places: Places, now_ns: int) -> None:
        """Compare all headers; `now_ns` is when somebody looks."""
        size = len(self._leaves.hashes)
        seen = bytearray(size)
        next_missing = 0
        for place in places.known(self._leaves):
            header = place.stored.header
            if header.block >= size:
                self._uncovered(place)
                continue
            if leaf_hash(place.stored.encoded.line) != self._leaves.hashes[header.block]:
                message = f"the header is not number {header.block} of the signed log"
                self._about(DamageKind.LEAF, place, message)
                continue
            while next_missing < header.block and not seen[next_missing]:
                next_missing = self._missing(next_missing, header.block, seen, places)
            seen[header.block] = 1
            next_missing = max(next_missing, header.block + 1)
            self._take(place)
        if next_missing < size:
            self._missing(next_missing, size, seen, places)
        self._check_end(now_ns)

    def _take(self, place: Place) -> None:
        """Take in a header that the log holds."""
        header = place.stored.header
        self._check_keys(place)
        self._check_time(place)
        self._last = place
        if header.kind is BlockKind.BLOCK:
            self.covered_sequence = header.last_sequence
        self._timestamps.follow(header, self.covered_sequence)

    def _check_keys(self, place: Place) -> None:
        header, ring = place.stored.header, self._ring
        if ring is None:
            return
        if header.key_change is not None:
            try:
                ring.follow(header.block, header.key_change)
            except ProofError as error:
                self._about(DamageKind.KEY, place, f"the change of key is wrong: {error}")
            else:
                if not ring.reigns[-1].is_by_old_key:
                    message = (
                        "the key was changed on the root key's word alone: the old one is lost"
                    )
                    self._about(DamageKind.KEY_LOST, place, message)
        reign = ring.reign(header.block + 1)
        if reign is not None and not reign.certificate.covers(header.sealed_wall_ns):
            message = "the header was sealed when the certificate of its key was not good"
            self._about(DamageKind.KEY, place, message)

    def _check_time(self, place: Place) -> None:
        last = self._last
        if last is None:
            return
        before, now = last.stored.header, place.stored.header
        passed = now.sealed_wall_ns - before.sealed_wall_ns
        if passed < 0:
            message = f"the sealer's clock went back by {-passed / _NANOSECONDS:,.3f} s"
            self._about(DamageKind.CLOCK, place, message)
        elif passed > SILENCE_NS and not _is_orderly_end(before):
            message = (
                f"nothing was recorded for {passed / _NANOSECONDS:,.0f} s before it, and the "
                "recorder had not said that it would stop"
            )
            self._about(DamageKind.SILENCE, place, message)

    def _check_end(self, now_ns: int) -> None:
        last = self._last
        if last is None or _is_orderly_end(last.stored.header):
            return
        passed = now_ns - last.stored.header.sealed_wall_ns
        if passed > SILENCE_NS:
            message = (
                f"it is the newest, {passed / _NANOSECONDS:,.0f} s old, and does not say that "
                "recording ended: what came afterwards is not here"
            )
            self._about(DamageKind.SILENCE, last, message)

    def _uncovered(self, place: Place) -> None:
        header = place.stored.header
        if not self._is_uncovered:
            self._is_uncovered = True
            message = "from here on no checkpoint covers what was recorded"
            self._about(DamageKind.UNCOVERED, place, message)
        if header.kind is BlockKind.BLOCK:
            self.uncovered_events += header.event_count

    def _missing(self, first: int, end: int, seen: bytearray, places: Places) -> int:
        """Tell of the headers from `first` on that no segment has; return the next to look at."""
        last = first
        while last + 1 < end and not seen[last + 1]:
            last += 1
        stored = places.in_log(first, self._leaves)
        told = "" if stored is None else _told(stored.header)
        several = f"headers {first} to {last} are" if last > first else f"header {first} is"
        self.damages.append(
            Damage(
                kind=DamageKind.MISSING,
                message=f"{several} in the signed log and in no segment{told}",
                origin=self._origin,
                segment="",
                byte_offset=0,
                block=first,
            )
        )
        return last + 1

    def _about(self, kind: DamageKind, place: Place, message: str) -> None:
        self.damages.append(
            Damage(
                kind=kind,
                message=message,
                origin=self._origin,
                segment=place.segment,
                byte_offset=place.stored.position,
                block=place.stored.header.block,
            )
        )


def _told(header: BlockHeader) -> str:
    """Say what the log itself tells of a header that is gone."""
    return f"; segment {header.segment}, event {header.first_sequence}"


def _is_orderly_end(header: BlockHeader) -> bool:
    return header.kind is BlockKind.CLOSE and header.reason is CloseReason.SHUTDOWN
