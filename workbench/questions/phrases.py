"""Numbers and times as sentences write them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

_MILLISECOND: Final = timedelta(milliseconds=1)
_SECOND: Final = timedelta(seconds=1)


def count_of(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(time: datetime) -> str:
    """Write a time in UTC, to the second."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def duration(time: timedelta) -> str:
    """Write how long something took; one answer may bring all, in no time that was measured."""
    if time >= _SECOND:
        return f"{time / _SECOND:,.1f} s"
    return f"{time / _MILLISECOND:,.0f} ms" if time >= _MILLISECOND else "less than 1 ms"
