"""Windows are in UTC, by weekday and minute."""

from __future__ import annotations

import pytest

from gateway.policy.window import Moment, Window

MINUTE_NS = 60_000_000_000


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (0, Moment(3, 0)),
        (24 * 60 - 1, Moment(3, 1439)),
        (4 * 24 * 60 + 61, Moment(0, 61)),
        (29_401_780, Moment(1, 1300)),
    ],
    ids=["epoch-is-thursday", "end-of-day", "monday", "2025-11-25T21:40"],
)
def test_a_moment_is_a_weekday_and_a_minute(minutes: int, expected: Moment) -> None:
    """As calendars have it."""
    assert expected == Moment.of(minutes * MINUTE_NS + 7)


@pytest.mark.parametrize(
    ("weekday", "minute", "expected"),
    [(0, 8 * 60, True), (0, 8 * 60 - 1, False), (0, 17 * 60, False), (5, 9 * 60, False)],
)
def test_a_window_has_its_start_and_not_its_end(
    weekday: int, minute: int, *, expected: bool
) -> None:
    """Office hours from Monday to Friday."""
    office = Window(weekdays=frozenset(range(5)), start_minute=8 * 60, end_minute=17 * 60)

    assert expected is office.holds(Moment(weekday, minute))


@pytest.mark.parametrize(
    ("weekday", "minute", "expected"),
    [
        (4, 23 * 60, True),
        (5, 1 * 60, True),
        (5, 23 * 60, False),
        (4, 1 * 60, False),
        (4, 12 * 60, False),
        (5, 6 * 60, False),
    ],
)
def test_a_window_may_go_on_after_midnight(weekday: int, minute: int, *, expected: bool) -> None:
    """Friday night ends on Saturday morning."""
    night = Window(weekdays=frozenset({4}), start_minute=22 * 60, end_minute=6 * 60)

    assert expected is night.holds(Moment(weekday, minute))
