"""Lines of the log from processes that have no logger of the gateway's."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import Final

import msgspec

# An operator is told again of what stays wrong.
ALARM_SECONDS: Final = 300.0


def say(event: str, level: str, **facts: object) -> None:
    """Write a line of the log on standard error."""
    line = {"event": event, **facts, "level": level, "time": datetime.now(UTC).isoformat()}
    sys.stderr.write(msgspec.json.encode(line).decode() + "\n")
    sys.stderr.flush()


class Trouble:
    """Something that goes wrong for a while: told when it begins, goes on, and is over."""

    def __init__(self, began: str, ended: str) -> None:
        self._began = began
        self._ended = ended
        self._since: float | None = None
        self._told_at = 0.0

    def goes_on(self, reason: str) -> None:
        """Tell of it, unless it was told a while ago."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        elif now - self._told_at < ALARM_SECONDS:
            return
        self._told_at = now
        say(self._began, "error", reason=reason, failing_seconds=round(now - self._since))

    def is_over(self) -> None:
        """Tell of its end, if it was going on."""
        if self._since is not None:
            seconds = round(time.monotonic() - self._since)
            self._since = None
            say(self._ended, "info", failing_seconds=seconds)
