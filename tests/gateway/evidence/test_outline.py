"""Outlines: what a sealed segment is, without reading it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.block import CloseReason
from gateway.evidence.outline import SegmentOutline, read_outline
from gateway.evidence.seekable import encode_seek_table, skippable_entry
from gateway.evidence.segment import Chain, SegmentWriter
from gateway.evidence.stored import SegmentFile
from tests.gateway.evidence.samples import (
    ORIGIN,
    START_NS,
    options,
    rows,
    segments_of,
    write_archive,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    """Write a second segment of two blocks."""
    archive = write_archive(tmp_path, [rows(0, 1)], [rows(1, 3), rows(4, 2)])
    return segments_of(archive)[1]


def outline_of(path: Path) -> SegmentOutline:
    """Return the outline that must be there."""
    outline = read_outline(path)
    assert outline is not None
    return outline


def test_an_outline_tells_what_is_in_a_segment(segment: Path) -> None:
    """Where it is from, which events it has and of which time."""
    outline = outline_of(segment)

    assert (segment, ORIGIN, segment.name) == (outline.path, outline.origin, outline.segment)
    assert (5, 1, 5) == (outline.event_count, outline.first_sequence, outline.last_sequence)
    assert (START_NS + 1, START_NS + 5) == (outline.first_wall_ns, outline.last_wall_ns)


def test_the_digest_is_the_hash_of_the_last_header(segment: Path) -> None:
    """The next segment's first header carries it, and nothing else has it."""
    with segment.open("rb") as file:
        table = SegmentFile(file).seek_table()
        last = SegmentFile(file).block(table.boundaries[-3])

    assert last.digest == outline_of(segment).digest
    assert outline_of(segments_of(segment.parents[2])[0]).digest != last.digest


def test_only_the_ends_are_read(segment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large a segment is, an outline costs its first and last header and its seek table."""
    read: list[tuple[int, int]] = []
    real = SegmentFile.read

    def watched(self: SegmentFile, position: int, count: int) -> bytes:
        read.append((position, position + count))
        return real(self, position, count)

    monkeypatch.setattr(SegmentFile, "read", watched)
    outline = outline_of(segment)
    between = range(outline.opening.frame_position, outline.closing.position)

    assert [] == [(start, end) for start, end in read if start in between or end - 1 in between]


def test_an_outline_stays_when_the_middle_is_changed(segment: Path) -> None:
    """It does not show that a file is whole: that is what reading it is for."""
    outline = outline_of(segment)
    with segment.open("r+b") as file:
        file.seek(outline.opening.frame_position)
        file.write(b"?")

    assert outline == read_outline(segment)


@pytest.mark.parametrize("cut", [1, 8, 9, 30])
def test_a_cut_segment_has_no_outline(segment: Path, cut: int) -> None:
    """Without its seek table it must be read as a whole."""
    os.truncate(segment, segment.stat().st_size - cut)

    assert read_outline(segment) is None


def test_a_segment_that_is_being_written_has_no_outline(tmp_path: Path) -> None:
    """It is not finished, so nothing can be filed under its hash."""
    writer = SegmentWriter.create(tmp_path, ORIGIN, Chain(), options())
    writer.append(rows(0, 1), CloseReason.TIME)

    assert read_outline(writer.path) is None
    assert read_outline(writer.close(CloseReason.TIME)) is not None


def test_what_is_no_file_has_no_outline(tmp_path: Path) -> None:
    """A folder or nothing at all is for the reader to complain about."""
    assert read_outline(tmp_path) is None
    assert read_outline(tmp_path / "nothing") is None


def test_a_seek_table_alone_has_no_outline(tmp_path: Path) -> None:
    """There must be a first and a last header."""
    path = tmp_path / "empty"
    path.write_bytes(encode_seek_table([]))

    assert read_outline(path) is None


def test_a_seek_table_of_one_entry_leads_nowhere(segment: Path) -> None:
    """It fits the file, but a last header has two entries of its own."""
    with segment.open("rb") as file:
        first = SegmentFile(file).block(0)
    content = segment.read_bytes()[: first.end_position]
    segment.write_bytes(content + encode_seek_table([skippable_entry(first.end_position)]))

    assert read_outline(segment) is None


def test_two_ends_of_different_segments_have_no_outline(segment: Path) -> None:
    """A file put together from two is not taken for either."""
    other = segments_of(segment.parents[2])[0]
    first, last = outline_of(other), outline_of(segment)
    content = other.read_bytes()[: first.closing.position]
    content += segment.read_bytes()[last.closing.position :]
    spliced = segment.with_name("spliced")
    end = len(content) - len(encode_seek_table([skippable_entry(0)] * 8))
    entries = [skippable_entry(size) for size in (first.closing.position, 0, 0, 0)]
    entries += [skippable_entry(0), skippable_entry(0)]
    entries += [
        skippable_entry(last.closing.header_bytes),
        skippable_entry(last.closing.header.frame_bytes),
    ]
    spliced.write_bytes(content[:end] + encode_seek_table(entries))

    with spliced.open("rb") as file:
        assert end == SegmentFile(file).seek_table().position
    assert read_outline(spliced) is None


def test_a_segment_without_its_last_header_has_no_outline(segment: Path) -> None:
    """A fresh seek table behind the last block does not make it the end."""
    outline = outline_of(segment)
    content = segment.read_bytes()[: outline.closing.position]
    with segment.open("rb") as file:
        entries = list(SegmentFile(file).seek_table().entries[:-2])
    segment.write_bytes(content + encode_seek_table(entries))

    assert read_outline(segment) is None
