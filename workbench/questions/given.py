"""What people give to questions: times and numbers, taken as they mean them or refused."""

from __future__ import annotations

import operator
from datetime import datetime
from typing import SupportsIndex


def time_of(name: str, value: datetime | str | None) -> datetime | None:
    """Return a time with its zone; raises ValueError, for a time without one could be any of 24.

    A text is read as ISO 8601: `2026-03-17T09:00:00Z`.
    """
    if value is None:
        return None
    try:
        time: object = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError(_wrong_time(name, value)) from None
    if not isinstance(time, datetime) or time.utcoffset() is None:
        raise ValueError(_wrong_time(name, value))
    return time


def number_of(name: str, value: SupportsIndex | None) -> int | None:
    """Return a whole number of any integer type; raises ValueError."""
    if value is None:
        return None
    try:
        number = operator.index(value)
    except TypeError:
        number = -1
    if number < 0 or isinstance(value, bool):
        raise ValueError(f"{name}={value!r} is no whole number from 0 on")
    return number


def _wrong_time(name: str, value: object) -> str:
    return (
        f"{name}={value!r} is no time with a zone: give a datetime with tzinfo, "
        "or a text such as 2026-03-17T09:00:00Z"
    )
