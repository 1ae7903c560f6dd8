"""How far traffic is let, and who says so."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


class Level(IntEnum):
    """The rungs of the ladder; each includes those before it."""

    OPEN = 0
    WARNED = 1
    """The operator has been told."""
    NO_SESSIONS = 2
    """New connections are refused."""
    NO_CHANGES = 3
    """Requests that change something are refused; reading goes on."""
    STOPPED = 4
    """Connections are cut."""


class Gate(Protocol):
    """One thing that traffic depends on."""

    name: str

    def look(self) -> Level:
        """Say how far traffic may be let now; to be called about once a second."""

    def facts(self) -> Mapping[str, object]:
        """Say what the last look saw, for the log and the record."""
