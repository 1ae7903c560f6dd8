"""Headers are found in the segments, and those that were left out on purpose in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.log.published import Leaves, Published
from gateway.evidence.places import Places
from tests.gateway.evidence.log.signed import Recorder
from tests.gateway.evidence.partial import leave_out
from tests.gateway.evidence.samples import ORIGIN, segments_of, small_archive

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gateway.evidence.places import Place


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Record two short segments."""
    made = Recorder(tmp_path)
    made.record(1, 1)
    return made


def places_of(recorder: Recorder) -> Places:
    """Find the headers of an archive."""
    return Places(recorder.archive, ORIGIN, Published(recorder.log))


def leaves_of(recorder: Recorder) -> Leaves:
    """Return the leaves of its log."""
    newest = recorder.log.newest()
    assert newest is not None
    leaves = Published(recorder.log).leaves(newest[1])
    assert leaves is not None
    return leaves


def blocks(places: Iterable[Place]) -> list[tuple[bool, int]]:
    """Tell whether each header stands in a segment, and its number."""
    return [(bool(place.segment), place.stored.header.block) for place in places]


def test_headers_are_found_in_the_order_of_the_segments(recorder: Recorder) -> None:
    """Each with the name of its segment."""
    found = list(places_of(recorder).stored())

    assert [(True, block) for block in range(6)] == blocks(found)
    names = [path.name for path in segments_of(recorder.archive)]
    assert names == list(dict.fromkeys(place.segment for place in found))


@pytest.mark.parametrize("left_out", [0, 1])
def test_what_was_left_out_is_taken_from_the_log(recorder: Recorder, left_out: int) -> None:
    """In its place between the others; without the log nothing is known of it."""
    leaves = leaves_of(recorder)
    leave_out(recorder.archive, left_out)
    gone = range(left_out * 3, left_out * 3 + 3)

    assert [(block not in gone, block) for block in range(6)] == blocks(
        places_of(recorder).known(leaves)
    )
    entries = recorder.log.directory / "tile" / "entries" / "000.p" / "6"
    entries.unlink()
    assert 3 == len(list(places_of(recorder).known(leaves)))


def test_the_log_gives_only_what_the_signed_tree_holds(recorder: Recorder) -> None:
    """Its files may say anything."""
    leaves = leaves_of(recorder)
    stored = places_of(recorder).in_log(4, leaves)
    assert stored is not None
    assert (4, 0) == (stored.header.block, stored.position)
    path = recorder.log.directory / "tile" / "entries" / "000.p" / "6"
    path.write_bytes(path.read_bytes().replace(b'"block":4,', b'"block":9,'))

    assert places_of(recorder).in_log(4, leaves) is None


def test_whether_headers_claim_a_log(recorder: Recorder, tmp_path: Path) -> None:
    """The first that can be read tells; where there are none, nobody claims one."""
    assert places_of(recorder).claim_log()
    unsigned = small_archive(tmp_path / "unsigned")
    assert not Places(unsigned, ORIGIN, Published(recorder.log)).claim_log()
    for path in segments_of(recorder.archive):
        path.unlink()
    assert not places_of(recorder).claim_log()
