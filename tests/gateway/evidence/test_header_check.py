"""Headers are compared with the log one by one: in their place, in time, under a good key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.block import CloseReason
from gateway.evidence.header_check import HeaderCheck
from gateway.evidence.log.keyring import KeyRing
from gateway.evidence.log.published import Leaves, Published
from gateway.evidence.places import Places
from gateway.evidence.timestamps import Timestamps
from gateway.evidence.writer import ArchiveWriter
from tests.gateway.evidence.log.signed import (
    LOG,
    RECORDER,
    ROOT,
    START_S,
    Recorder,
    certificate,
    ed25519,
    signing,
)
from tests.gateway.evidence.samples import ORIGIN, abandon, rows, segments_of

if TYPE_CHECKING:
    from pathlib import Path

NEW = ed25519(LOG, 4)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Record two short segments."""
    made = Recorder(tmp_path)
    made.record(1, 1)
    return made


def checked(recorder: Recorder, *, is_ringed: bool = True, later_s: int = 5) -> HeaderCheck:
    """Compare all headers, looking so many seconds later."""
    published = Published(recorder.log)
    newest = recorder.log.newest()
    assert newest is not None
    leaves = published.leaves(newest[1])
    assert isinstance(leaves, Leaves)
    ring = KeyRing(ROOT.public) if is_ringed else None
    check = HeaderCheck(ORIGIN, leaves, ring, Timestamps(recorder.log, published))
    places = Places(recorder.archive, ORIGIN, published)
    check.run(places, recorder.trust().now_ns + later_s * 1_000_000_000)
    return check


def told(check: HeaderCheck) -> list[tuple[str, str, int | None]]:
    """Return the kinds and places of what is told."""
    return [(each.kind.value, each.segment, each.block) for each in check.damages]


@pytest.mark.parametrize("is_ringed", [True, False])
def test_headers_that_are_all_there_are_covered(recorder: Recorder, *, is_ringed: bool) -> None:
    """Up to the last event, with or without a root key."""
    check = checked(recorder, is_ringed=is_ringed)

    assert ([], 3, 0) == (told(check), check.covered_sequence, check.uncovered_events)


def test_what_is_not_covered_yet_is_counted(recorder: Recorder) -> None:
    """A crash came before the checkpoint; it is told once, where it begins."""
    writer = ArchiveWriter(recorder.archive, recorder.origin, recorder.options())
    writer.append(rows(4, 3))
    writer.append(rows(7, 2))
    writer.sync()
    abandon(writer)
    check = checked(recorder)

    assert [("uncovered", segments_of(recorder.archive)[2].name, 6)] == told(check)
    assert (3, 5) == (check.covered_sequence, check.uncovered_events)


def test_headers_that_are_gone_are_told_once(recorder: Recorder) -> None:
    """With what the log says of the first of them."""
    segments_of(recorder.archive)[0].unlink()
    check = checked(recorder)

    assert [("missing", "", 0)] == told(check)
    assert "headers 0 to 2 are in the signed log and in no segment; segment 0, event 0" == (
        check.damages[0].message
    )


def test_a_header_alone_that_is_gone_at_the_end_is_told(recorder: Recorder) -> None:
    """Cut off with its frame and the seek table."""
    path = segments_of(recorder.archive)[1]
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b'{"format":2') - 8])
    check = checked(recorder)

    assert ("missing", "", 5) in told(check)
    assert check.damages[0].message.startswith("header 5 is in the signed log")


def test_a_clock_that_went_back_is_told(recorder: Recorder) -> None:
    """Sequence orders events; the time is what it is."""
    recorder.now_s -= 10
    recorder.record(1)
    assert [] == told(checked(recorder))
    recorder.now_s -= 30
    recorder.record(1)

    assert [("clock", segments_of(recorder.archive)[3].name, 9)] == told(checked(recorder))


@pytest.mark.parametrize(
    ("reason", "gap_s", "expected"),
    [
        (CloseReason.TIME, 60, []),
        (CloseReason.TIME, 100, ["silence"]),
        (CloseReason.SHUTDOWN, 100, []),
    ],
)
def test_silence_is_told_where_nobody_said_that_he_would_stop(
    tmp_path: Path, reason: CloseReason, gap_s: int, expected: list[str]
) -> None:
    """A living recorder lets a minute pass at most."""
    recorder = Recorder(tmp_path)
    recorder.record(1, reason=reason)
    recorder.record(1, gap_s=gap_s)

    assert expected == [kind for kind, _, _ in told(checked(recorder))]


@pytest.mark.parametrize(("later_s", "expected"), [(60, []), (100, ["silence"])])
def test_an_end_that_nobody_announced_is_told_when_it_is_old(
    tmp_path: Path, later_s: int, expected: list[str]
) -> None:
    """What came afterwards may have been taken away."""
    recorder = Recorder(tmp_path)
    recorder.record(1, reason=CloseReason.TIME)

    assert expected == [kind for kind, _, _ in told(checked(recorder, later_s=later_s))]


def test_a_key_that_was_not_certified_at_the_time_is_told(tmp_path: Path) -> None:
    """Once for each header that was sealed then."""
    recorder = Recorder(tmp_path)
    late = certificate(RECORDER, after_s=START_S - 60, before_s=START_S + 15)
    recorder.how = signing(tmp_path, certificate=late)
    recorder.record(2)

    assert {"key"} == {kind for kind, _, _ in told(checked(recorder))}
    assert [2, 3] == [block for _, _, block in told(checked(recorder))]


def test_a_change_of_key_without_the_old_one_is_told(recorder: Recorder) -> None:
    """It is no fault; one that another root certified is."""
    recorder.how = signing(recorder.folder, NEW, is_previous_lost=True)
    recorder.record(1)

    assert [("key_lost", segments_of(recorder.archive)[2].name, 6)] == told(checked(recorder))
