"""What a verification shows and what it cannot show, in sentences that say no more than is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.evidence.verify import OriginVerification

_HASHES: Final = (
    "Every byte of every segment is as its hashes say, and within each origin every block follows "
    "the one before it: nothing in between was changed, removed, added, doubled or moved without "
    "also computing all later hashes anew."
)
_SIGNED: Final = (
    "The recorder's key signed the tree over all blocks up to event {sequence} of {origin}: "
    "without it nobody can have changed, removed, added, doubled or moved any of them."
)
_WITNESSED: Final = (
    "{witnesses} saw the same log of {origin} at the times given and only ever let it grow: not "
    "even the holder of the recorder's key can have changed what was covered by then."
)
_TIMESTAMPED: Final = (
    "The timestamp authority that you trust put its time under the log of {origin} {times}: what "
    "the log covered then existed as it is before the time given."
)
_UNSIGNED: Final = (
    "Of {origin}, that nobody computed the chain anew from some point on: it carries no signature."
)
_FOUND_ROOT: Final = (
    "Of {origin}, that the root key is the right one: it was found in the archive itself. Compare "
    "it with the one that you were given: {root}"
)
_NO_WITNESS: Final = (
    "Of {origin}, that the holder of the recorder's key did not write a second history, or cut off "
    "the newest part: no witness was asked for."
)
_UNCHECKED: Final = (
    "When {origin} was written, but by its own clock: of its {count:,} timestamps none was "
    "checked, for no authority was given."
)
_UNCOVERED: Final = "The newest {count:,} events of {origin}: no checkpoint covers them yet."
_LEFT_OUT: Final = (
    "The {count:,} events of {origin} that were left out of this selection, or expired: a signed "
    "log tells that they were recorded, and not what they were."
)
_NEWEST: Final = (
    "That the newest part is there, beyond what was noted elsewhere or witnessed: whoever can "
    "write the archive can put back an older one."
)
_CLOCK: Final = "That the recorder's clock was right, or that all traffic passed the recorder."


def shown(origins: Sequence[OriginVerification]) -> tuple[str, ...]:
    """Return what was shown."""
    told = [_HASHES]
    for each in origins:
        if each.log.covered_sequence is not None:
            told.append(_SIGNED.format(sequence=each.log.covered_sequence, origin=each.origin))
        if each.log.cosigned:
            witnesses = ", ".join(sorted(each.log.cosigned))
            told.append(_WITNESSED.format(witnesses=witnesses, origin=each.origin))
        if each.log.timestamps:
            count = len(each.log.timestamps)
            times = "once" if count == 1 else f"{count:,} times"
            told.append(_TIMESTAMPED.format(origin=each.origin, times=times))
    return tuple(told)


def not_shown(origins: Sequence[OriginVerification]) -> tuple[str, ...]:
    """Return what was not shown and might be thought to be."""
    told: list[str] = []
    for each in origins:
        log = each.log
        if each.left_out_events:
            told.append(_LEFT_OUT.format(count=each.left_out_events, origin=each.origin))
        if log.covered_sequence is None:
            told.append(_UNSIGNED.format(origin=each.origin))
            continue
        if not log.is_root_given:
            told.append(_FOUND_ROOT.format(origin=each.origin, root=log.root_vkey))
        if not log.cosigned:
            told.append(_NO_WITNESS.format(origin=each.origin))
        if log.unchecked_timestamps:
            told.append(_UNCHECKED.format(origin=each.origin, count=log.unchecked_timestamps))
        if log.uncovered_events:
            told.append(_UNCOVERED.format(origin=each.origin, count=log.uncovered_events))
    return (*told, _NEWEST, _CLOCK)
