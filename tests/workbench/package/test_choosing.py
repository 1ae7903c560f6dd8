"""Which segments go into a package, and that the rest is said to be left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.outline import read_outline
from gateway.evidence.selection import SELECTION
from tests.gateway.evidence.golden import GOLDEN
from tests.gateway.evidence.log.signed import Recorder
from tests.gateway.evidence.partial import leave_out
from tests.gateway.evidence.samples import ORIGIN, rows, segments_of, write_archive
from workbench.package.choosing import Choice, Wanted, choose
from workbench.package.errors import PackageError

if TYPE_CHECKING:
    from pathlib import Path


def chosen(choice: Choice, origin: str = ORIGIN) -> list[str]:
    """Return the numbers that the chosen segments are called by."""
    return [path.name[18:20] for path in choice.segments[origin]]


def runs(choice: Choice) -> list[tuple[int, int]]:
    """Return the events that were left out."""
    assert choice.selection is not None
    return [(run.first_sequence, run.last_sequence) for run in choice.selection.left_out]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Write five segments of two events each."""
    segments = [[rows(first, 2)] for first in range(0, 10, 2)]
    return write_archive(tmp_path / "archive", *segments)


def test_all_of_it_is_no_selection() -> None:
    """Where nothing is asked for, everything goes in."""
    choice = choose(GOLDEN, Wanted())

    assert choice.selection is None
    assert ["gateway-1", "gateway-2"] == sorted(choice.segments)


@pytest.mark.parametrize(
    ("first", "last", "kept", "left_out"),
    [
        (3, 6, ["02", "04", "06"], [(0, 1), (8, 9)]),
        (4, 4, ["04"], [(0, 3), (6, 9)]),
        (None, 1, ["00"], [(2, 9)]),
        (9, None, ["08"], [(0, 7)]),
        (9, 700, ["08"], [(0, 7)]),
    ],
)
def test_segments_that_hold_an_event_go_in_whole(
    archive: Path,
    first: int | None,
    last: int | None,
    kept: list[str],
    left_out: list[tuple[int, int]],
) -> None:
    """Neighbours that are left out are one run."""
    choice = choose(archive, Wanted(first_sequence=first, last_sequence=last))

    assert kept == chosen(choice)
    assert left_out == runs(choice)


def test_segments_of_a_time_go_in(archive: Path) -> None:
    """Both ends belong to it."""
    outline = read_outline(segments_of(archive)[2])
    assert outline is not None
    since, until = outline.first_wall_ns, outline.last_wall_ns

    assert ["04"] == chosen(choose(archive, Wanted(since_ns=since, until_ns=until)))
    assert until is not None
    later = choose(archive, Wanted(since_ns=until + 1))
    assert ["06", "08"] == chosen(later)


def test_an_origin_that_was_not_asked_for_is_left_out_whole() -> None:
    """And so is one that holds nothing of it."""
    choice = choose(GOLDEN, Wanted(origins=("gateway-2",)))

    assert ["gateway-2"] == list(choice.segments)
    assert choice.selection is not None
    assert (("gateway-1",), ()) == (choice.selection.origins_left_out, choice.selection.left_out)


def test_what_cannot_be_meant_is_refused(archive: Path) -> None:
    """An unknown origin, a count that several have, and what nothing fits."""
    with pytest.raises(PackageError, match="no origin is called x: there are gateway-1"):
        choose(archive, Wanted(origins=("x",)))
    with pytest.raises(PackageError, match="name one origin"):
        choose(GOLDEN, Wanted(first_sequence=1))
    with pytest.raises(PackageError, match="no segment holds"):
        choose(archive, Wanted(first_sequence=10))


def test_a_segment_that_cannot_be_described_goes_in(tmp_path: Path) -> None:
    """What it holds is not known, so it cannot be said to be left out."""
    archive = write_archive(
        tmp_path / "archive", [rows(0, 2)], [rows(2, 2)], [rows(4, 2)], is_newest_open=True
    )
    damaged = segments_of(archive)[1]
    damaged.write_bytes(damaged.read_bytes()[:-1])

    assert ["00", "02", "04"] == chosen(choose(archive, Wanted(last_sequence=1)))


def test_a_part_of_a_part_says_all_that_is_missing(tmp_path: Path) -> None:
    """What was left out before stays said, joined with its neighbours."""
    recorder = Recorder(tmp_path)
    recorder.record(1, 1, 1, 1)
    leave_out(recorder.archive, 1)

    choice = choose(recorder.archive, Wanted(first_sequence=6))

    assert (recorder.archive / SELECTION).is_file()
    assert ["06"] == chosen(choice)
    assert [(0, 5)] == runs(choice)
