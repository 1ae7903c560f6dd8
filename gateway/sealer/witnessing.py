"""Having the log cosigned while it grows, on a thread of its own: no witness holds it up."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.errors import EvidenceError
from gateway.evidence.log.heard import note_heard
from gateway.evidence.log.keys import decode_vkey
from gateway.witness.submit import submit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway.evidence.log.folder import LogFolder
    from gateway.evidence.log.keys import PublicKey

INTERVAL_SECONDS: Final = 10.0
# An operator is told again of a witness that stays away.
ALARM_SECONDS: Final = 300.0
_FINISH_SECONDS: Final = 30.0


class WitnessOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a witness listens, and its key as text."""

    url: str
    key: str


class _Asked:
    """One witness, and how it went."""

    def __init__(self, options: WitnessOptions) -> None:
        self.url = options.url
        self.key: PublicKey = decode_vkey(options.key)
        self.size = -1
        self.missing_since: float | None = None
        self.missed_at = 0.0
        self.told_at = 0.0


class Witnessing:
    """Asks each witness for its cosignature of whatever checkpoint is new.

    Each cosignature is noted beside the `journal`, for the gateway.

    Raises ProofError when a key is none. What goes wrong later is said on standard error, once when
    it begins, then every few minutes, and once when it is over.
    """

    def __init__(
        self, folder: LogFolder, witnesses: Sequence[WitnessOptions], journal: Path
    ) -> None:
        self._folder = folder
        self._journal = journal
        self._asked = [_Asked(each) for each in witnesses]
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="witnesses", daemon=True)

    def start(self) -> None:
        """Begin."""
        if self._asked:
            self._thread.start()

    def finish(self) -> None:
        """Ask a last time, now that the last checkpoint is signed, and end."""
        if self._thread.is_alive():
            self._ends.set()
            self._thread.join(_FINISH_SECONDS)

    def _run(self) -> None:
        while not self._ends.wait(INTERVAL_SECONDS):
            self.ask()
        self.ask()

    def ask(self) -> None:
        """Ask the witnesses that have not cosigned the newest checkpoint.

        Of those that are missing one is asked a time: each may cost ten seconds, and what the
        others say is waited for.
        """
        there = [asked for asked in self._asked if asked.missing_since is None]
        missing = [asked for asked in self._asked if asked.missing_since is not None]
        for asked in (*there, *sorted(missing, key=lambda asked: asked.missed_at)[:1]):
            try:
                newest = self._folder.newest()
                if newest is not None and newest[1].size != asked.size:
                    asked.size = submit(self._folder, asked.url, asked.key)
                    note_heard(self._journal)
            except (EvidenceError, OSError) as error:
                _tell_missing(asked, str(error))
            else:
                _tell_back(asked)


def _tell_missing(asked: _Asked, reason: str) -> None:
    now = asked.missed_at = time.monotonic()
    if asked.missing_since is None:
        asked.missing_since = now
    elif now - asked.told_at < ALARM_SECONDS:
        return
    asked.told_at = now
    seconds = round(now - asked.missing_since)
    _say("witness_missing", "error", witness=asked.key.name, reason=reason, missing_seconds=seconds)


def _tell_back(asked: _Asked) -> None:
    if asked.missing_since is not None:
        seconds = round(time.monotonic() - asked.missing_since)
        asked.missing_since = None
        _say("witness_back", "info", witness=asked.key.name, missing_seconds=seconds)


def _say(event: str, level: str, **facts: object) -> None:
    line = {"event": event, **facts, "level": level, "time": datetime.now(UTC).isoformat()}
    sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
    sys.stderr.flush()
