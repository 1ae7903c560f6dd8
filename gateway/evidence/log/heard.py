"""When a witness was heard last: a note beside the journal that outlives the process that heard it.

The sealer writes it after each cosignature that it has checked; the gateway reads it to know how
long no witness has answered, whether the sealer lives or not.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import msgspec

from gateway.evidence.errors import UNREADABLE_JSON

NAME: Final = "witness-heard"
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class _Heard(msgspec.Struct, frozen=True, kw_only=True):
    """One moment on both clocks; the monotonic one counts within one boot of the machine."""

    system_boot_id: str | None
    monotonic_ns: int
    wall_ns: int


def note_heard(journal: Path) -> None:
    """Note that a witness has cosigned now; raises OSError."""
    heard = _Heard(
        system_boot_id=system_boot_id(),
        monotonic_ns=time.monotonic_ns(),
        wall_ns=time.time_ns(),
    )
    temporary = journal / f"{NAME}.tmp"
    temporary.write_bytes(msgspec.json.encode(heard))
    # Not synced: what a loss of power takes away only stops traffic until a witness answers.
    temporary.rename(journal / NAME)


def silence_seconds(journal: Path) -> float | None:
    """Tell how long ago a witness was heard; None when that is not known.

    A wall clock that was set back, or a note from the future, is no knowledge.
    """
    try:
        heard = msgspec.json.decode((journal / NAME).read_bytes(), type=_Heard)
    except (OSError, *UNREADABLE_JSON):
        return None
    boot_id = system_boot_id()
    if boot_id is not None and boot_id == heard.system_boot_id:
        passed_ns = time.monotonic_ns() - heard.monotonic_ns
    else:
        passed_ns = time.time_ns() - heard.wall_ns
    return passed_ns / 1e9 if passed_ns >= 0 else None


def system_boot_id() -> str | None:
    """Return the kernel's own id of this boot of the machine, where it has one (Linux)."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return None
