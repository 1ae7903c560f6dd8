"""Having an authority put its time under the log, on a thread of its own: it holds nothing up."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.errors import EvidenceError, ProofError
from gateway.evidence.log.authority import ask_for, check_reply
from gateway.evidence.log.folder import REPLY, STAMPED, TIMESTAMPS, timestamp_path
from gateway.witness.post import OK, post

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.log.folder import LogFolder

POLL_SECONDS: Final = 5.0
# An authority that does not answer is asked again after this; the operator is told less often.
RETRY_SECONDS: Final = 60.0
ALARM_SECONDS: Final = 300.0
# A chain of several certificates takes a tenth of it.
REPLY_BYTES_MAX: Final = 128 * 1024
_FINISH_SECONDS: Final = 30.0


class TimestampOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which authority is asked, and how often."""

    url: str
    interval_seconds: float


class Timestamping:
    """Asks an authority (RFC 3161) for the time of the newest checkpoint, every so often.

    What goes wrong is said on standard error, once when it begins, then every few minutes, and once
    when it is over.
    """

    def __init__(self, folder: LogFolder, options: TimestampOptions) -> None:
        self._folder = folder
        self._options = options
        self._missing_since: float | None = None
        self._told_at = 0.0
        self._next_at = time.monotonic() + self._seconds_left()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timestamps", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def finish(self) -> None:
        """Ask a last time, now that the last checkpoint is signed, and end."""
        self._ends.set()
        self._thread.join(_FINISH_SECONDS)

    def _run(self) -> None:
        while not self._ends.wait(POLL_SECONDS):
            if time.monotonic() >= self._next_at:
                self.ask()
        self.ask()

    def ask(self) -> None:
        """Get a timestamp of what is new."""
        try:
            wanted = self._wanted()
            if wanted is None:
                return
            self._stamp(*wanted)
        except (EvidenceError, OSError) as error:
            self._next_at = time.monotonic() + RETRY_SECONDS
            self._tell_missing(str(error))
        else:
            self._next_at = time.monotonic() + self._options.interval_seconds
            self._tell_back()

    def _seconds_left(self) -> float:
        """Return when to begin: a sealer that is often started again does not ask more often."""
        interval = self._options.interval_seconds
        newest = max((path.stat().st_mtime for path in self._files(REPLY)), default=0.0)
        return max(0.0, min(newest + interval - time.time(), interval))

    def _wanted(self) -> tuple[int, bytes] | None:
        """Return the size and content of the checkpoint that needs a timestamp, if one does.

        One that a crash left without its timestamp comes first.
        """
        stamped = {path.stem for path in self._files(REPLY)}
        for path in self._files(STAMPED):
            if path.stem not in stamped:
                return int(path.stem), path.read_bytes()
        newest = self._folder.newest()
        if newest is None or f"{newest[1].size:020d}" in stamped:
            return None
        return newest[1].size, newest[0].encode()

    def _stamp(self, size: int, content: bytes) -> None:
        request = ask_for(content)
        reply = _post(self._options.url, request.as_bytes())
        check_reply(request, reply, content)
        # As they are, so that a timestamp can be checked by hand: cosignatures still come for the
        # checkpoint of the log itself.
        files = [(timestamp_path(size, STAMPED), content), (timestamp_path(size, REPLY), reply)]
        self._folder.write(files)

    def _files(self, suffix: str) -> list[Path]:
        found = (self._folder.directory / TIMESTAMPS).glob(f"*{suffix}")
        return sorted(path for path in found if path.stem.isdecimal())

    def _tell_missing(self, reason: str) -> None:
        now = time.monotonic()
        if self._missing_since is None:
            self._missing_since = now
        elif now - self._told_at < ALARM_SECONDS:
            return
        self._told_at = now
        self._say("timestamp_missing", "error", now - self._missing_since, reason=reason)

    def _tell_back(self) -> None:
        if self._missing_since is not None:
            seconds = time.monotonic() - self._missing_since
            self._missing_since = None
            self._say("timestamp_back", "info", seconds)

    def _say(self, event: str, level: str, seconds: float, **facts: str) -> None:
        facts = {"event": event, "authority": self._options.url, **facts, "level": level}
        line = {**facts, "missing_seconds": round(seconds), "time": datetime.now(UTC).isoformat()}
        sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
        sys.stderr.flush()


def _post(url: str, query: bytes) -> bytes:
    """Return the reply to a query (RFC 3161 section 3.4); raises ProofError and OSError."""
    answer = post(url, query, kind="application/timestamp-query", bytes_max=REPLY_BYTES_MAX + 1)
    kind = answer.kind.partition(";")[0].strip().lower()
    if answer.status != OK:
        raise ProofError(f"{url} answered with the status {answer.status}")
    if kind != "application/timestamp-reply" or len(answer.body) > REPLY_BYTES_MAX:
        size = len(answer.body)
        raise ProofError(f"{url} answered with {kind} of {size} bytes, not with a timestamp")
    return answer.body
