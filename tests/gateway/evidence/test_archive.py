"""Archives: made once, listed as they are, and read while they are written."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.evidence import archive as module
from gateway.evidence.archive import (
    LOCK,
    MARKER,
    create_archive,
    first_sequence_of,
    origins,
    scan,
    scan_segments,
    segment_paths,
    segments_directory,
)
from gateway.evidence.errors import ArchiveError
from gateway.evidence.outline import SegmentOutline
from tests.gateway.evidence.golden import FIRST_GOLDEN, FIRST_STORY, GOLDEN, story
from tests.gateway.evidence.samples import (
    ORIGIN,
    blocks,
    cells,
    damages,
    expected,
    kinds,
    rows,
    segments_of,
    sequences,
    small_archive,
    write_archive,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
WRITER = "tests.gateway.evidence.writing"
HEADS = {
    FIRST_GOLDEN: [
        "0c19ec829c20e6db959e739fd7758eac135780dd5539dd23e644569c153d992c",
        "ec68fdd6bd088905793c37a8164e615db48372194a2f23d959021a589461aae7",
        "76dc0e839a16f0addd8fef40348d3e9b00242319e4b658178c43f08db9b7c408",
    ],
    GOLDEN: [
        "79d087946ff5093df78d3f528c6332432bb8225cc43e9d41ee5abe2e1607b524",
        "ed595c43422b16e8dfce9bb38b43241e4a4474a52138592ddda63b0eb5b94b4c",
        "80d47090a6681e5700dc597a69c030eb54d335648d6432f55f1e8897a39c4822",
    ],
}
FILES = {
    FIRST_GOLDEN: [
        "eb52e926898247b9243c77ff960593682672a13f71c3f38ea34c540d376a0faa",
        "c83ea651be5534eb404e7807d281bd106346188b595a6fbdb7945fee14a1fbed",
        "80d9950299abdaa7fcb74c9a679da249d78f514123afbdccaef87e6ab963dab9",
    ],
    GOLDEN: [
        "7a2a295ac41866e52fa83c674ace09830f5dc62faa12c4b2a84c255e793eb88b",
        "3153cdebfb6a79280772b111cda0ac667d476b77538b6331984ac3410efdc2c1",
        "e4e95847729ed0180eb180042eac832cb1e7f61bb3b6ebe04c9a5c3a0272de14",
    ],
}
MARK = b'{"streamwitness_archive":1}\n'


def test_an_archive_is_made_once(tmp_path: Path) -> None:
    """A marker names the format; a second writer finds it and leaves it."""
    folder = tmp_path / "a" / "archive"
    segments = create_archive(folder, ORIGIN)
    marker = folder / MARKER
    made = marker.stat()

    assert folder / ORIGIN / "segments" == segments == segments_directory(folder, ORIGIN)
    assert segments.is_dir()
    assert MARK == marker.read_bytes()
    assert segments == create_archive(folder, ORIGIN)
    assert made.st_mtime_ns == marker.stat().st_mtime_ns
    assert {MARKER, ORIGIN} == {path.name for path in folder.iterdir()}


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    """Nobody's files become an archive by a typing error."""
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ArchiveError, match=r"is not empty and has no archive\.json"):
        create_archive(tmp_path, ORIGIN)

    assert ["thesis.txt"] == [path.name for path in tmp_path.iterdir()]


def test_a_crash_while_marking_is_made_up_for(tmp_path: Path) -> None:
    """What a marker was written to before it got its name is no stranger's file."""
    (tmp_path / f"{MARKER}.4711").touch()
    create_archive(tmp_path, ORIGIN)

    assert (tmp_path / MARKER).exists()


def test_another_writer_may_mark_it_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two gateways that start at once share the archive."""
    real = Path.iterdir

    def iterdir(self: Path) -> Iterator[Path]:
        monkeypatch.undo()
        create_archive(tmp_path, "other")
        return real(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    create_archive(tmp_path, ORIGIN)

    assert {MARKER, ORIGIN, "other"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"streamwitness_archive":2}\n', "has format 2, this version reads 1: use a newer"),
        (b"{}\n", "cannot be read"),
        (b"\xff", "cannot be read"),
        (b'{"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "cannot be read"),
        (b'{"streamwitness_archive":1}', "is not as it was written"),
        (b'{"streamwitness_archive":1,"more":1}\n', "is not as it was written"),
    ],
)
def test_a_marker_that_is_not_ours_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    """A writer refuses to write beside it, a reader reads on."""
    small_archive(tmp_path)
    (tmp_path / MARKER).write_bytes(content)
    damage, *others = damages(scan(tmp_path))

    assert ([], "marker") == (others, damage.kind)
    assert message in damage.message
    assert list(range(11)) == sequences(tmp_path)
    with pytest.raises(ArchiveError, match=message):
        create_archive(tmp_path, ORIGIN)


def test_a_missing_marker_is_told(tmp_path: Path) -> None:
    """Segments without it are an archive still."""
    (small_archive(tmp_path) / MARKER).unlink()

    assert ["marker"] == kinds(tmp_path)


@pytest.mark.parametrize("name", ["", "nothing", "file", "folder"])
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str) -> None:
    """Neither nothing nor a file nor just any folder is verified as an archive without faults."""
    (tmp_path / "file").touch()
    (tmp_path / "folder" / "more").mkdir(parents=True)
    with pytest.raises(ArchiveError, match="archive"):
        list(scan(tmp_path / name))


def test_an_archive_without_segments_is_whole(tmp_path: Path) -> None:
    """A gateway that has recorded nothing yet."""
    create_archive(tmp_path, ORIGIN)

    assert [] == list(scan(tmp_path))
    assert [ORIGIN] == origins(tmp_path)


def test_segments_that_were_taken_away_are_missed(tmp_path: Path) -> None:
    """The writer's lock stays in the origin's folder, or its log."""
    create_archive(tmp_path, ORIGIN).rmdir()
    (tmp_path / ORIGIN / LOCK).touch()

    assert ["unreadable"] == kinds(tmp_path)
    (tmp_path / ORIGIN / LOCK).unlink()
    (tmp_path / ORIGIN / "log").mkdir()
    assert ["unreadable"] == kinds(tmp_path)


def test_a_listing_has_segments_only_and_in_order(tmp_path: Path) -> None:
    """By the sequence number that each starts with, sealed or not."""
    names = [f"{9:020d}.arrow.zst", f"{10:020d}.arrow.zst", f"{100:020d}.arrow.zst.partial"]
    for name in ["100.arrow.zst", f"{5:020d}.arrow.zst.damaged-1", *reversed(names)]:
        (tmp_path / name).touch()
    paths = segment_paths(tmp_path)

    assert names == [path.name for path in paths]
    assert [9, 10, 100] == [first_sequence_of(path) for path in paths]


def test_a_listing_is_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is renamed while its folder is read may be missed, but not twice in a row."""
    partial, sealed = tmp_path / f"{0:020d}.arrow.zst.partial", tmp_path / f"{0:020d}.arrow.zst"
    listings = iter([[], [partial, sealed], [sealed], [sealed]])
    monkeypatch.setattr(Path, "iterdir", lambda _self: iter(next(listings)))

    assert [sealed] == segment_paths(tmp_path)


def test_a_folder_that_never_rests_is_listed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading must end whatever somebody does to the folder."""
    count = iter(range(10**6))
    monkeypatch.setattr(Path, "iterdir", lambda _self: iter([tmp_path / str(next(count))]))

    assert [] == segment_paths(tmp_path)
    assert module.LISTINGS_MAX + 1 == next(count)


def test_a_scan_yields_origin_after_origin(tmp_path: Path) -> None:
    """Each by itself, oldest first."""
    write_archive(tmp_path, [rows(0, 1)], origin="b")
    write_archive(tmp_path, [rows(0, 2)], [rows(2, 1)], origin="a")
    found = [(block.origin, block.header.first_sequence) for block in blocks(scan(tmp_path))]

    assert [("a", 0), ("a", 2), ("b", 0)] == found
    assert ["a", "b"] == origins(tmp_path)


def test_a_file_that_no_writer_makes_is_told(tmp_path: Path) -> None:
    """It may be what a recovery kept, or somebody's; a reader does not read it."""
    segments = segments_directory(small_archive(tmp_path), ORIGIN)
    (segments / "notes.txt").touch()
    (damage,) = damages(scan(tmp_path))

    assert ("unexpected_file", ORIGIN, "notes.txt") == (damage.kind, damage.origin, damage.segment)
    assert list(range(11)) == sequences(tmp_path)


def test_a_known_segment_is_not_read_again(tmp_path: Path) -> None:
    """Its outline takes the place of its blocks; what was not known comes with both."""
    first, second, third = segments_of(small_archive(tmp_path))
    everything = list(scan_segments(tmp_path, is_known=lambda _outline: False))
    known = {item.digest for item in everything if isinstance(item, SegmentOutline)}
    known -= {_digest_of(second)}
    found = list(scan_segments(tmp_path, is_known=lambda outline: outline.digest in known))

    assert [first, second, third] == [o.path for o in found if isinstance(o, SegmentOutline)]
    assert [second.name, second.name] == [block.segment for block in blocks(found)]
    assert 9 == len(everything)
    assert second == next(item.path for item in found[1:] if isinstance(item, SegmentOutline))


def _digest_of(path: Path) -> str:
    found = scan_segments(path.parents[2], is_known=lambda _outline: True)
    return next(o.digest for o in found if isinstance(o, SegmentOutline) and o.path == path)


def test_gaps_show_between_known_segments_too(tmp_path: Path) -> None:
    """A segment that is gone is missed even when all the others were converted before."""
    _, second, _ = segments_of(small_archive(tmp_path))
    second.unlink()
    found = list(scan_segments(tmp_path, is_known=lambda _outline: True))

    assert ["chain", "sequence_gap"] == [damage.kind for damage in damages(found)]
    assert [] == blocks(found)


def test_an_open_segment_is_always_read(tmp_path: Path) -> None:
    """It has no outline, for it is not finished."""
    write_archive(tmp_path, [rows(0, 1)], [rows(1, 2)], is_newest_open=True)
    found = list(scan_segments(tmp_path, is_known=lambda _outline: True))

    assert [1, 2] == blocks(found)[0].rows.column("sequence").to_pylist()
    assert ["open_tail"] == [damage.kind for damage in damages(found)]


def test_an_archive_is_read_while_it_is_written(tmp_path: Path) -> None:
    """Another process writes and seals; no look meets damage, and each sees as much or more."""
    seen: list[int] = []
    with subprocess.Popen(
        [sys.executable, "-m", WRITER, tmp_path / "archive"], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert "started\n" == writer.stdout.readline()
        is_over = False
        while not is_over:
            is_over = writer.poll() is not None
            found = list(scan(tmp_path / "archive"))
            faults = [damage for damage in damages(found) if not damage.is_information]
            read = [n for block in blocks(found) for n in block.rows.column("sequence").to_pylist()]

            assert [] == faults
            assert list(range(len(read))) == read
            seen.append(len(read))
            time.sleep(0.001)

    assert sorted(seen) == seen
    assert 3 <= len(set(seen)), "the writer was over before it was looked at"
    assert [] == kinds(tmp_path / "archive")


@pytest.mark.parametrize("archive", HEADS, ids=lambda path: path.name)
def test_the_golden_archives_are_read_for_ever(archive: Path) -> None:
    """Whatever becomes of the code, what each version wrote says what it said."""
    found = list(scan_segments(archive, is_known=lambda _outline: False))
    outlines = [item for item in found if isinstance(item, SegmentOutline)]
    read = [row for block in blocks(found) for row in cells(block.rows)]
    told = FIRST_STORY if archive == FIRST_GOLDEN else story()
    seen: set[bytes] = set()

    assert [] == damages(found)
    assert [expected(row, seen) for row in told[:12]] == read[:12]
    assert [expected(row, set()) for row in told[12:]] == read[12 : len(told)]
    assert ["recorder_start", "delivered"] == [row["kind"] for row in read[len(told) :]]
    assert HEADS[archive] == [outline.digest for outline in outlines]


@pytest.mark.parametrize("archive", FILES, ids=lambda path: path.name)
def test_the_golden_archives_are_as_they_were_written(archive: Path) -> None:
    """It is about bytes: a file that differs was touched, by a hand or by git."""
    digests = [
        hashlib.sha256(outline.path.read_bytes()).hexdigest()
        for outline in scan_segments(archive, is_known=lambda _outline: True)
        if isinstance(outline, SegmentOutline)
    ]

    assert FILES[archive] == digests
