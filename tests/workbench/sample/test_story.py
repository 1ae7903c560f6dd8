"""The story is told in order, and is the same each time."""

from __future__ import annotations

from datetime import timedelta

from gateway.evidence.event import EventKind
from workbench.sample.recorder import BEGIN, Recorder
from workbench.sample.story import MINUTES, tell


def test_the_story_is_always_the_same() -> None:
    """Rows and truth alike."""
    (first_rows, first), (rows, truth) = tell(bypass=True), tell(bypass=True)

    assert first == truth
    assert first_rows == rows


def test_it_takes_three_hours() -> None:
    """In order, on both clocks."""
    rows, _ = tell(bypass=True)
    times = [row.event.wall_ns for row in rows]

    assert times == sorted(times)
    assert times[-1] - times[0] < timedelta(minutes=MINUTES) / timedelta(microseconds=1) * 1_000
    assert times[0] >= Recorder().wall_ns
    assert EventKind.RECORDER_START == rows[0].event.kind
    assert BEGIN.tzinfo is not None


def test_the_bypass_can_be_left_out() -> None:
    """Everything else stays as it is, but for the one order."""
    with_it, without = tell(bypass=True)[1], tell(bypass=False)[1]

    assert (1, 0) == (len(with_it.bypassing), len(without.bypassing))
    assert with_it.clear_values == without.clear_values
    assert with_it.suspect_session == without.suspect_session


def test_services_are_still_connected_at_the_end() -> None:
    """The archive is that of a gateway that goes on."""
    rows, truth = tell(bypass=True)
    opened = {row.event.session for row in rows if row.event.kind is EventKind.SESSION_OPEN}
    closed = {row.event.session for row in rows if row.event.kind is EventKind.SESSION_CLOSE}

    assert 6 == len(opened - closed)
    assert truth.suspect_session in closed
