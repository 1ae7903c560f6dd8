"""Loading an archive as frames."""

from __future__ import annotations

import shutil
from itertools import count
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.archive import create_archive
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import ArchiveError
from gateway.evidence.event import EventKind
from gateway.evidence.writer import ArchiveWriter
from tests.gateway.evidence.log.signed import Recorder
from tests.gateway.evidence.log.signed import Recorder as SignedRecorder
from tests.gateway.evidence.samples import abandon, rows
from tests.workbench.archive.recording import (
    Client,
    Place,
    Recording,
    at,
    batch,
    segment_files,
    spoil,
)
from workbench.archive.cache import Cache
from workbench.archive.files import SCHEMAS
from workbench.archive.loading import Loaded, damage_rows, load
from workbench.tables.schemas import GAPS

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")
BOB = Client(session="s2", subject="bob")


def loaded(folder: Path) -> Loaded:
    """Load the archive in a folder."""
    return load(folder / "archive", Cache(folder / "cache"))


def kinds(found: Loaded) -> list[DamageKind]:
    """Give what is damaged."""
    return [damage.kind for damage in found.damages]


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Write an archive of three segments."""
    recording = Recording()
    for _ in range(3):
        recording.add(EventKind.SESSION_OPEN, ALICE)
        recording.end_segment()
    recording.write(tmp_path / "archive")
    return recording


def test_every_segment_of_every_origin_is_loaded(tmp_path: Path, recording: Recording) -> None:
    """Frames hold the rows of all, in order."""
    other = Recording(origin="another")
    other.add(EventKind.SESSION_OPEN, ALICE)
    other.write(tmp_path / "archive")

    found = loaded(tmp_path)

    assert ("another", "gw") == found.origins
    rows = found.frames.events.select("origin", "sequence").collect().rows()
    assert [("another", 0), ("gw", 0), ("gw", 1), ("gw", 2)] == rows
    assert [] == kinds(found)


def test_an_archive_without_segments_has_empty_frames(tmp_path: Path) -> None:
    """A gateway that was just started has recorded nothing; its tables are there."""
    create_archive(tmp_path / "archive", "gw")

    found = loaded(tmp_path)

    for name, schema in SCHEMAS.items():
        frame = getattr(found.frames, name).collect()
        assert (0, schema.names) == (frame.height, frame.columns), name


def test_how_segments_follow_each_other_is_checked_every_time(
    tmp_path: Path, recording: Recording
) -> None:
    """A segment that is gone leaves a gap also where all others are in the cache."""
    before = loaded(tmp_path)
    segment_files(tmp_path)[1].unlink()

    after = loaded(tmp_path)

    assert [] == kinds(before)
    assert [DamageKind.CHAIN, DamageKind.SEQUENCE_GAP] == kinds(after)
    assert [0, 2] == after.frames.events.collect()["sequence"].to_list()


def test_a_damaged_segment_says_so_every_time(tmp_path: Path, recording: Recording) -> None:
    """What was found wrong once is not forgotten with the second opening."""
    spoil(segment_files(tmp_path)[1], 0)

    assert [DamageKind.FRAME] == kinds(loaded(tmp_path))
    assert [DamageKind.FRAME] == kinds(loaded(tmp_path))


def test_a_segment_that_was_changed_is_not_taken_from_the_cache(
    tmp_path: Path, recording: Recording
) -> None:
    """Opening checks the bytes as they are now, not as they were."""
    before = loaded(tmp_path)
    spoil(segment_files(tmp_path)[1], 0)

    after = loaded(tmp_path)

    assert ([], [DamageKind.FRAME]) == (kinds(before), kinds(after))
    assert [0, 2] == after.frames.events.collect()["sequence"].to_list()


def test_segments_that_were_taken_away_are_a_damage(tmp_path: Path, recording: Recording) -> None:
    """An origin without its folder of segments is missed, and the rest is loaded."""
    other = Recording(origin="another")
    other.add(EventKind.SESSION_OPEN, ALICE)
    other.write(tmp_path / "archive")
    shutil.rmtree(tmp_path / "archive" / "gw" / "segments")

    found = loaded(tmp_path)

    assert [DamageKind.UNREADABLE] == kinds(found)
    assert 1 == found.frames.events.collect().height


def test_progress_is_told_segment_by_segment(tmp_path: Path, recording: Recording) -> None:
    """Who waits for a large archive sees how far it is; what cannot be read counts as done."""
    told: list[tuple[int, int]] = []
    segment = segment_files(tmp_path)[1]
    segment.unlink()
    segment.mkdir()

    load(tmp_path / "archive", Cache(tmp_path / "cache"), lambda *done: told.append(done))

    assert [(1, 3), (2, 3), (3, 3)] == told


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    """A folder of something else has no tables."""
    with pytest.raises(ArchiveError):
        loaded(tmp_path)


def test_a_segment_is_sealed_between_listing_and_reading(tmp_path: Path) -> None:
    """An archive that is being written is loaded as far as it goes."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    recording.write(tmp_path / "archive", is_sealed=False)

    found = loaded(tmp_path)

    assert [DamageKind.OPEN_TAIL] == kinds(found)
    assert 1 == found.frames.events.collect().height


def test_what_no_checkpoint_covers_yet_is_named(tmp_path: Path) -> None:
    """By its numbers, so that a verdict can say how much it is."""
    recorder = SignedRecorder(tmp_path)
    recorder.record(1)
    writer = ArchiveWriter(recorder.archive, recorder.origin, recorder.options())
    writer.append(rows(2, 3))
    abandon(writer)

    (uncovered,) = loaded(tmp_path).frames.damages.filter(kind="uncovered").collect().to_dicts()

    assert (2, 4, True) == (
        uncovered["first_sequence"],
        uncovered["last_sequence"],
        uncovered["is_information"],
    )


def test_frames_know_who_relays(tmp_path: Path) -> None:
    """Only who both sends and receives can publish again what it read."""
    recording = Recording()
    recording.produce(ALICE, Place(), batch(b"v"))
    recording.end_segment()
    recording.deliver(BOB, Place(), batch(b"v"))
    recording.deliver(ALICE, Place(), batch(b"v"))
    recording.write(tmp_path / "archive")

    assert ("alice@idp",) == loaded(tmp_path).frames.relays


def test_topics_by_id_are_named_where_they_can_be(tmp_path: Path) -> None:
    """Only an archive with an unresolved id is searched for its name."""
    topic_id = "AAAAAAAAAAAAAAAAAAAAAQ"
    recording = Recording()
    recording.deliver(ALICE, Place(topic=None, topic_id=topic_id), batch(b"v"))
    recording.deliver(ALICE, Place(topic_id=topic_id), batch(b"v"))
    recording.write(tmp_path / "archive")

    events = loaded(tmp_path).frames.events.filter(kind=EventKind.DELIVERED).collect()

    assert ["orders", "orders"] == events["topic"].to_list()


def test_damage_becomes_rows_of_gaps() -> None:
    """A damage about no origin has none, and what is unknown stays null."""
    damages = [
        Damage(kind=DamageKind.OPEN_TAIL, message="open", origin="gw", segment="s", byte_offset=0),
        Damage(
            kind=DamageKind.FRAME,
            message="bad",
            origin="",
            segment="s",
            byte_offset=9,
            block=3,
            first_sequence=1,
            last_sequence=2,
        ),
    ]

    frame = damage_rows(damages).collect()

    columns = ["origin", "kind", "block", "first_sequence", "last_sequence", "is_information"]
    expected = [("gw", "open_tail", None, None, None, True), (None, "frame", 3, 1, 2, False)]
    assert expected == frame.select(columns).rows()
    assert [name for name in GAPS.schema.names() if name != "batches"] == frame.columns[:-2]


@pytest.mark.parametrize(
    ("last", "is_sealed", "expected"),
    [
        (EventKind.RECORDER_STOP, True, []),
        (EventKind.RECORDER_STOP, False, [("gw", at(0), None, True)]),
        (EventKind.RECORDER_START, True, [("gw", at(0), None, True)]),
    ],
)
def test_an_origin_that_did_not_end_says_so(
    tmp_path: Path,
    last: EventKind,
    is_sealed: bool,  # noqa: FBT001 - a case of the table
    expected: list[tuple[object, ...]],
) -> None:
    """Its newest event is the stop of its recorder, in a sealed segment, or it may go on."""
    recording = Recording()
    recording.add(EventKind.RECORDER_START)
    recording.end_segment()
    recording.add(last)
    recording.write(tmp_path / "archive", is_sealed=is_sealed)

    found = loaded(tmp_path).frames.damages.filter(kind="no_end").collect()

    assert expected == found.select("origin", "since", "until", "is_information").rows()


@pytest.mark.parametrize(
    ("times", "segment_ends", "expected"),
    [
        # The clock ran ahead at the newest event: it may be set right, and what follows be earlier.
        ((0, 1, 2, 9_000), (), 2),
        ((0, 1, 2, 9_000), (3,), 2),
        ((0, 1, 2, 9_000), (2, 3), 2),
        # It went back before the newest event: what follows may be as early as that.
        ((0, 9_000, 5, 6), (), 6),
        ((0, 9_000, 5, 6), (2,), 6),
        ((7,), (), 7),
    ],
)
def test_an_open_end_begins_where_the_order_of_events_says_so(
    tmp_path: Path, times: tuple[int, ...], segment_ends: tuple[int, ...], expected: int
) -> None:
    """At the smaller of the newest event's time and the largest before it, by their numbers."""
    recording = Recording(segment_ends=list(segment_ends))
    for milliseconds in times:
        recording.set_time(recording.add(EventKind.RECORDER_START), milliseconds)
    recording.write(tmp_path / "archive")

    found = loaded(tmp_path).frames.damages.filter(kind="no_end").collect()

    assert [at(expected)] == found["since"].to_list()


def test_an_archive_without_its_last_segment_did_not_end(tmp_path: Path) -> None:
    """Nothing follows that would show the hole."""
    recording = Recording()
    recording.add(EventKind.RECORDER_START)
    recording.end_segment()
    recording.add(EventKind.RECORDER_STOP)
    recording.write(tmp_path / "archive")
    segment_files(tmp_path)[-1].unlink()

    found = loaded(tmp_path).frames.damages.collect()

    assert [("no_end", at(0))] == found.select("kind", "since").rows()


def test_what_a_signed_log_says_is_checked_as_well(tmp_path: Path) -> None:
    """A forged segment is evidence of nothing but forgery."""
    recorder = Recorder(tmp_path)
    recorder.record(1, 1)
    assert [] == kinds(loaded(tmp_path))
    other = Recorder(tmp_path / "other", ids=count(50))
    other.record(1, 1)
    forged = segment_files(tmp_path / "other")[1]
    segment_files(tmp_path)[1].write_bytes(forged.read_bytes())

    assert DamageKind.LEAF not in kinds(loaded(tmp_path / "other"))
    assert DamageKind.LEAF in kinds(loaded(tmp_path))
