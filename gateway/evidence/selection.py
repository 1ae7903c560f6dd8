"""A selection: an archive from which whole segments were left out on purpose, and which says so.

`selection.json` beside `archive.json` lists the runs of segments that are not there. It is a claim
of whoever made the selection: what it names is told as left out and not as missing, and nothing is
called whole. All other checks stay as they are, and the signed log still tells each header.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

import msgspec

from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import UNREADABLE_JSON, DamagedError

if TYPE_CHECKING:
    from pathlib import Path

SELECTION: Final = "selection.json"

_Count = Annotated[int, msgspec.Meta(ge=0)]


class LeftOut(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run of segments of one origin that were left out, with all that was in them."""

    origin: str
    first_block: _Count
    last_block: _Count
    first_sequence: _Count
    last_sequence: Annotated[int, msgspec.Meta(ge=-1)]

    @property
    def event_count(self) -> int:
        """How many events were left out."""
        return self.last_sequence - self.first_sequence + 1

    @property
    def kind(self) -> DamageKind:
        """As what it is told."""
        return DamageKind.NOT_SELECTED

    @property
    def message(self) -> str:
        """What is to be said of it."""
        return (
            f"headers {self.first_block} to {self.last_block} were left out by whoever made this "
            "selection"
        )


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of `selection.json`."""

    streamwitness_selection: Literal[1] = 1
    left_out: tuple[LeftOut, ...]
    """In the order of each origin's events."""
    origins_left_out: tuple[str, ...]
    """Origins of which nothing is there."""


def read_selection(archive: Path) -> Selection | None:
    """Return what was left out of an archive, None when it is no selection.

    Raises DamagedError when that cannot be read.
    """
    try:
        content = (archive / SELECTION).read_bytes()
        return msgspec.json.decode(content, type=Selection)
    except FileNotFoundError:
        return None
    except (OSError, *UNREADABLE_JSON) as error:
        raise DamagedError(f"{SELECTION} cannot be read: {error}") from error


def left_out_of(archive: Path, origin: str) -> tuple[LeftOut, ...]:
    """Return what was left out of an origin; nothing when the selection cannot be read."""
    try:
        selection = read_selection(archive)
    except DamagedError:
        return ()  # `selection_damages` tells; what is not there is missing then
    runs = () if selection is None else selection.left_out
    return tuple(run for run in runs if run.origin == origin)


def selection_damages(archive: Path) -> list[Damage]:
    """Return what is to be said of the selection as a whole."""
    try:
        selection = read_selection(archive)
    except DamagedError as error:
        return [_about(DamageKind.MARKER, str(error), "")]
    message = "the origin was left out by whoever made this selection"
    names = () if selection is None else selection.origins_left_out
    return [_about(DamageKind.NOT_SELECTED, message, name) for name in names]


def _about(kind: DamageKind, message: str, origin: str) -> Damage:
    return Damage(kind=kind, message=message, origin=origin, segment=SELECTION, byte_offset=0)
