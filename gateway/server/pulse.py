"""The pulse: a sign of life when nothing else is recorded, and a note when the clock is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.event import Event, EventKind

if TYPE_CHECKING:
    from gateway.session.signals import Instant

# Readers call more than 75 s without a header silence.
HEARTBEAT_NS: Final = 50_000_000_000
# Far beyond what slewing a clock moves it within a tick.
STEP_NS: Final = 500_000_000


class Pulse:
    """Looks at both clocks about once a second."""

    def __init__(self, now: Instant) -> None:
        self._offset_ns = now.wall_ns - now.monotonic_ns
        self._moved_ns = now.monotonic_ns
        self._event_count = 0

    def look(self, now: Instant, event_count: int) -> list[Event]:
        """Return what is to be recorded; `event_count` is how many events have been."""
        events = []
        offset_ns = now.wall_ns - now.monotonic_ns
        step_ns, self._offset_ns = offset_ns - self._offset_ns, offset_ns
        if abs(step_ns) >= STEP_NS:
            detail = msgspec.json.encode({"step_ns": step_ns}).decode()
            events.append(_event(EventKind.CLOCK_STEP, now, detail))
        if event_count != self._event_count:
            self._event_count = event_count
            self._moved_ns = now.monotonic_ns
        elif now.monotonic_ns - self._moved_ns >= HEARTBEAT_NS:
            events.append(_event(EventKind.HEARTBEAT, now, None))
        return events


def _event(kind: EventKind, now: Instant, detail: str | None) -> Event:
    return Event(kind=kind, wall_ns=now.wall_ns, monotonic_ns=now.monotonic_ns, detail=detail)
