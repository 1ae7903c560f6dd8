"""Numbers are written with their nouns, and times with their zone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.workbench.frames import at
from workbench.questions.phrases import count_of, duration, moment


@pytest.mark.parametrize(
    ("expected", "number", "nouns"),
    [
        ("0 records", 0, ("record",)),
        ("1 record", 1, ("record",)),
        ("1,200 records", 1200, ("record",)),
        ("2 deliveries", 2, ("delivery", "deliveries")),
    ],
)
def test_a_number_agrees_with_its_noun(expected: str, number: int, nouns: tuple[str, ...]) -> None:
    """Sentences are read by people."""
    assert expected == count_of(number, *nouns)


def test_times_are_written_in_utc() -> None:
    """Every time in a sentence says its zone."""
    assert "2026-03-17 09:00:05 UTC" == moment(at(5))


@pytest.mark.parametrize(
    ("expected", "milliseconds"),
    [("less than 1 ms", 0), ("less than 1 ms", 0.9), ("12 ms", 12), ("1,000.0 s", 1_000_000)],
)
def test_a_duration_claims_no_more_than_was_measured(expected: str, milliseconds: float) -> None:
    """Events of one answer have one time; that is not nothing."""
    assert expected == duration(timedelta(milliseconds=milliseconds))
