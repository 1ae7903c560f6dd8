"""What people give to questions is taken as they mean it, or refused with what to give instead."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from workbench.questions.given import number_of, time_of

NINE = datetime(2026, 3, 17, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", [NINE, "2026-03-17T09:00:00Z", "2026-03-17 10:00+01:00", "20260317T090000+0000"]
)
def test_times_with_a_zone_are_taken(value: datetime | str) -> None:
    """As a datetime, or as a text of any zone."""
    assert NINE == time_of("since", value)


@pytest.mark.parametrize(
    "value",
    [datetime(2026, 3, 17, 9), "2026-03-17T09:00:00", "yesterday", 7, ""],  # noqa: DTZ001 - the mistake
)
def test_times_without_a_zone_are_refused(value: datetime | str) -> None:
    """Nine o'clock is at 24 different times."""
    with pytest.raises(ValueError, match=r"since=.* is no time with a zone: give"):
        time_of("since", value)


@pytest.mark.parametrize("value", [7, np.int64(7), np.uint8(7)])
def test_whole_numbers_of_any_type_are_taken(value: int) -> None:
    """A cell of a frame is as good as a literal."""
    assert 7 == number_of("offset", value)


@pytest.mark.parametrize("value", [-1, True, 7.0, "7", np.int64(-1)])
def test_what_is_no_whole_number_is_refused(value: int) -> None:
    """Before it is compared with anything."""
    with pytest.raises(ValueError, match=r"offset=.* is no whole number"):
        number_of("offset", value)


def test_nothing_given_is_nothing() -> None:
    """Every limit may be left out."""
    assert (None, None) == (time_of("since", None), number_of("offset", None))
