"""The disk ladder: the less room is left for evidence, the less traffic is let."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.server.level import Level

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gateway.config.model import Limits
    from gateway.server.ballast import Ballast


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What one folder's file system has left; `device` tells file systems apart."""

    free_bytes: int
    device: int


class DiskLadder:
    """Looks at the file systems of the folders that take evidence; the fullest one counts.

    A rung is left only when a quarter more is free than what led to it. The room of a ballast that
    was released counts as taken, or releasing it would be the way back up.
    """

    name = "disk"

    def __init__(self, folders: Mapping[str, Path], limits: Limits, ballast: Ballast) -> None:
        self._folders = folders
        self._ballast = ballast
        self._bounds = {
            Level.WARNED: limits.disk_warn_bytes,
            Level.NO_SESSIONS: limits.disk_refuse_sessions_bytes,
            Level.NO_CHANGES: limits.disk_refuse_changes_bytes,
            Level.STOPPED: limits.disk_stop_bytes,
        }
        self._level = Level.OPEN
        self._facts: dict[str, object] = {}

    def look(self) -> Level:
        """Say how far traffic may be let; a disk that cannot be used has no room."""
        try:
            self._level = self._look()
        except OSError as error:
            self._facts = {"reason": f"the disk cannot be used: {error}"}
            self._level = Level.STOPPED
        return self._level

    def _look(self) -> Level:
        free_bytes = self._free_bytes()
        reached = self._level_at(free_bytes)
        if reached < self._level:
            reached = min(self._level, self._level_at(free_bytes * 4 // 5))
        if reached is Level.STOPPED:
            self._ballast.release()
        elif self._ballast.missing_bytes:
            self._ballast.lay()
        return reached

    def facts(self) -> Mapping[str, object]:
        """Say how much is free where, besides the ballast's room."""
        return self._facts

    def _free_bytes(self) -> int:
        rooms = {name: _room_of(folder) for name, folder in self._folders.items()}
        ballasted = rooms["journal"].device
        free = {
            f"{name}_free_bytes": room.free_bytes
            - (self._ballast.missing_bytes if room.device == ballasted else 0)
            for name, room in rooms.items()
        }
        self._facts = dict(free)
        return min(free.values())

    def _level_at(self, free_bytes: int) -> Level:
        return max(
            (level for level, bound in self._bounds.items() if free_bytes < bound),
            default=Level.OPEN,
        )


def _room_of(folder: Path) -> Room:
    room = os.statvfs(folder)
    return Room(free_bytes=room.f_bavail * room.f_frsize, device=folder.stat().st_dev)
