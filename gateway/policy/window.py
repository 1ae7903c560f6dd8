"""Windows of time in which a rule holds, in UTC."""

from __future__ import annotations

from dataclasses import dataclass

MINUTES_PER_DAY = 24 * 60

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_MINUTE_NS = 60_000_000_000
# The epoch began on a Thursday.
_EPOCH_WEEKDAY = 3


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment as rules see it: a weekday (0 is Monday) and the minute of the day, in UTC."""

    weekday: int
    minute: int

    @classmethod
    def of(cls, wall_ns: int) -> Moment:
        """Read the wall clock."""
        day, minute = divmod(wall_ns // _MINUTE_NS, MINUTES_PER_DAY)
        return cls((day + _EPOCH_WEEKDAY) % len(DAYS), minute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some weekdays, from one minute of the day to before another.

    A window that ends before it starts goes on after midnight, on the day that follows.
    """

    weekdays: frozenset[int] = frozenset(range(len(DAYS)))
    start_minute: int = 0
    end_minute: int = MINUTES_PER_DAY

    def holds(self, moment: Moment) -> bool:
        """Say whether a moment lies in the window."""
        is_today = moment.weekday in self.weekdays
        if self.start_minute < self.end_minute:
            return is_today and self.start_minute <= moment.minute < self.end_minute
        is_after_midnight = moment.minute < self.end_minute
        yesterday = (moment.weekday - 1) % len(DAYS)
        return (is_today and moment.minute >= self.start_minute) or (
            is_after_midnight and yesterday in self.weekdays
        )
