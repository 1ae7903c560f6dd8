"""The sample's recorder numbers its rows and moves its clock."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.evidence.archive import segment_paths, segments_directory
from gateway.evidence.event import EventKind
from workbench.sample.recorder import BEGIN, ORIGIN, Recorder, monotonic, write_archive

if TYPE_CHECKING:
    from pathlib import Path


def test_rows_are_numbered_and_time_moves_on() -> None:
    """No two events are of the same moment."""
    recorder = Recorder()
    for _ in range(3):
        recorder.note(EventKind.RECORDER_START, {"instance": "x"})
    times = [row.event.wall_ns for row in recorder.rows]

    assert [0, 1, 2] == [row.sequence for row in recorder.rows]
    assert times == sorted(set(times))
    assert '{"version":"0.1.0","instance":"x"}' == recorder.rows[0].event.detail


def test_the_clock_never_goes_back() -> None:
    """A moment that has passed is ignored."""
    recorder = Recorder()
    recorder.move_to(BEGIN + timedelta(minutes=5))
    later = recorder.now_ns()
    recorder.move_to(BEGIN)
    recorder.wait(10)

    assert later + 10_000_000 < recorder.now_ns()


def test_the_monotonic_clock_began_before_the_story() -> None:
    """By an hour."""
    assert 3_600 * 10**9 == monotonic(Recorder().wall_ns)


def test_an_archive_has_several_segments(tmp_path: Path) -> None:
    """So that readers must follow the chain from one to the next."""
    recorder = Recorder()
    for _ in range(2_001):
        recorder.note(EventKind.RECORDER_START, {})
    write_archive(tmp_path / "archive", recorder.rows)

    assert 2 == len(segment_paths(segments_directory(tmp_path / "archive", ORIGIN)))
