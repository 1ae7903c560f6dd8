"""Reading segments: sound blocks come out, and every flaw comes with its place."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.block import CloseReason
from gateway.evidence.outline import read_outline
from gateway.evidence.reader import SegmentReader, read_segment
from gateway.evidence.seekable import encode_seek_table
from gateway.evidence.segment import Chain, SegmentWriter
from gateway.evidence.stored import SegmentFile
from tests.gateway.evidence.samples import (
    ORIGIN,
    blocks,
    damages,
    options,
    rows,
    segments_of,
    small_archive,
    write_archive,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.evidence.damage import Damage
    from gateway.evidence.reader import Block

PAYLOAD = b"payload"


@pytest.fixture
def reader() -> Iterator[SegmentReader]:
    """Start to read the origin that the samples are of."""
    with ThreadPoolExecutor(2) as threads:
        yield SegmentReader(ORIGIN, threads)


@pytest.fixture
def segments(tmp_path: Path) -> list[Path]:
    """Write three segments of two blocks: events 0 to 4, 5 to 7, and 8 to 10."""
    return segments_of(small_archive(tmp_path))


def numbers(found: list[Block | Damage]) -> list[int]:
    """Return the sequence numbers of what is sound."""
    return [n for block in blocks(found) for n in block.rows.column("sequence").to_pylist()]


def told(found: list[Block | Damage]) -> list[str]:
    """Return the kinds of what is wrong."""
    return [damage.kind.value for damage in damages(found)]


def flip(path: Path, position: int) -> None:
    """Change one byte."""
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0xFF]))


def cut_behind(path: Path, headers: int) -> None:
    """Keep so many headers with their frames, and write the seek table that they call for."""
    with path.open("rb") as file:
        segment = SegmentFile(file)
        entries = list(segment.seek_table().entries)[: 2 * headers]
        content = segment.read(0, sum(entry.frame_bytes for entry in entries))
    path.write_bytes(content + encode_seek_table(entries))


def test_segments_are_read_in_order(reader: SegmentReader, segments: list[Path]) -> None:
    """Every block comes with its origin, its file and its hash, and nothing is wrong."""
    found = [item for path in segments for item in reader.read(path)]
    first, second = blocks(found)[:2]

    assert list(range(11)) == numbers(found)
    assert [] == told(found)
    assert (ORIGIN, segments[0].name) == (first.origin, first.segment)
    assert first.digest == second.header.previous_sha256
    assert reader.history.head is not None
    assert getattr(read_outline(segments[-1]), "digest", "") == reader.history.head.digest


def test_a_segment_can_be_read_by_itself(segments: list[Path], tmp_path: Path) -> None:
    """Wherever it was copied to, and whatever came before it."""
    alone = tmp_path / segments[1].name
    alone.write_bytes(segments[1].read_bytes())
    found = list(read_segment(alone))

    assert ([], [5, 6, 7]) == (told(found), numbers(found))
    assert {ORIGIN} == {block.origin for block in blocks(found)}


def test_a_renamed_segment_is_noticed(segments: list[Path]) -> None:
    """Its first header tells which name it was written under."""
    renamed = segments[0].rename(segments[0].with_name(f"{3:020d}.arrow.zst"))
    found = list(read_segment(renamed))

    assert (["name"], [0, 1, 2, 3, 4]) == (told(found), numbers(found))
    assert f"written as {0:020d}.arrow.zst of '{ORIGIN}'" in damages(found)[0].message


def test_a_segment_in_another_origins_folder_is_noticed(segments: list[Path]) -> None:
    """Its headers tell whose it is."""
    with ThreadPoolExecutor(1) as threads:
        found = list(SegmentReader("other", threads).read(segments[0]))

    assert ["name"] == told(found)


@pytest.mark.parametrize("name", ["missing.arrow.zst", "."])
def test_what_cannot_be_opened_is_damage(reader: SegmentReader, tmp_path: Path, name: str) -> None:
    """The operating system's reason is told, and the next segment is read."""
    (damage,) = reader.read(tmp_path / name)

    assert "unreadable" == getattr(damage, "kind", None)


def test_an_error_while_reading_is_damage(
    reader: SegmentReader, segments: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before counts; what comes behind is compared by its numbers only."""
    real = SegmentFile.block
    starts = []

    def block(self: SegmentFile, position: int) -> object:
        starts.append(position)
        if len(starts) == 3:
            raise OSError(5, "Input/output error")
        return real(self, position)

    monkeypatch.setattr(SegmentFile, "block", block)
    found = [item for path in segments for item in reader.read(path)]

    assert ["unreadable", "sequence_gap"] == told(found)
    assert "Input/output error" in damages(found)[0].message
    assert [0, 1, 2, *range(5, 11)] == numbers(found)


def test_a_segment_that_was_sealed_meanwhile_is_read_under_its_new_name(
    reader: SegmentReader, segments: list[Path]
) -> None:
    """The folder was listed before the rename and the file is opened after it."""
    before = segments[0].with_name(segments[0].name + ".partial")
    found = list(reader.read(before, is_newest=False))

    assert ([], [0, 1, 2, 3, 4]) == (told(found), numbers(found))
    assert {segments[0].name} == {block.segment for block in blocks(found)}


def test_an_unsealed_segment_that_is_gone_held_nothing(
    reader: SegmentReader, tmp_path: Path
) -> None:
    """A writer that starts anew removes what has no event in it."""
    assert [] == list(reader.read(tmp_path / f"{0:020d}.arrow.zst.partial"))


def test_an_open_segment_is_no_fault_unless_a_later_one_exists(
    reader: SegmentReader, tmp_path: Path
) -> None:
    """A writer seals before it begins the next."""
    archive = write_archive(tmp_path, [rows(0, 2)], is_newest_open=True)
    (path,) = segments_of(archive)
    newest = list(reader.read(path))
    with ThreadPoolExecutor(1) as threads:
        older = list(SegmentReader(ORIGIN, threads).read(path, is_newest=False))

    assert (["open_tail"], [0, 1]) == (told(newest), numbers(newest))
    assert (["open_tail", "truncated"], [0, 1]) == (told(older), numbers(older))


def test_a_damaged_block_costs_its_events_and_no_more(
    reader: SegmentReader, segments: list[Path]
) -> None:
    """The damage names them, so that no gap is reported for them as well."""
    outline = read_outline(segments[0])
    assert outline is not None
    flip(segments[0], outline.closing.position - 1)
    found = [item for path in segments for item in reader.read(path)]
    (damage,) = damages(found)

    assert ("frame", 3, 4, 2) == (
        damage.kind,
        damage.first_sequence,
        damage.last_sequence,
        damage.block,
    )
    assert (ORIGIN, segments[0].name) == (damage.origin, damage.segment)
    assert [0, 1, 2, *range(5, 11)] == numbers(found)


def test_a_damaged_header_costs_its_block(reader: SegmentReader, segments: list[Path]) -> None:
    """Which events it had shows at the next header; what they are called, only there."""
    outline = read_outline(segments[0])
    assert outline is not None
    flip(segments[0], outline.opening.frame_position + outline.opening.header.frame_bytes)
    found = [item for path in segments for item in reader.read(path)]

    assert ["header", "sequence_gap"] == told(found)
    assert (0, 2) == (damages(found)[1].first_sequence, damages(found)[1].last_sequence)
    assert list(range(3, 11)) == numbers(found)


def write_referring(folder: Path) -> Path:
    """Write a block that refers to a payload which stands nowhere, then one that holds it."""
    writer = SegmentWriter.create(folder, ORIGIN, Chain(), options())
    digest = hashlib.sha256(PAYLOAD).digest()
    writer._seen.add(digest)
    writer.append(rows(0, 2, payload=PAYLOAD), CloseReason.TIME)
    writer._seen.clear()
    writer.append(rows(2, 1, payload=PAYLOAD), CloseReason.TIME)
    return writer.close(CloseReason.TIME)


def test_a_payload_that_stands_nowhere_before_is_missed(tmp_path: Path) -> None:
    """The rows are sound all the same, so they are not lost."""
    found = list(read_segment(write_referring(tmp_path)))
    (damage,) = damages(found)

    assert ("rows", None) == (damage.kind, damage.first_sequence)
    assert "the bytes of 1 record batches" in damage.message
    assert [0, 1, 2] == numbers(found)


def test_a_payload_that_damage_took_is_not_missed_again(
    reader: SegmentReader, tmp_path: Path
) -> None:
    """One place that is damaged is one damage."""
    blocks_ = [rows(0, 1, payload=PAYLOAD), rows(1, 1, payload=PAYLOAD)]
    (path,) = segments_of(write_archive(tmp_path, blocks_))
    with path.open("rb") as file:
        first = SegmentFile(file).block(0)
    flip(path, first.end_position + 1000)
    found = list(reader.read(path))

    assert ["frame"] == told(found)
    assert [1] == numbers(found)


@pytest.mark.parametrize(
    ("headers", "kept"), [(0, []), (1, []), (2, [0, 1, 2]), (3, [0, 1, 2, 3, 4])]
)
def test_a_segment_that_was_cut_between_blocks_is_noticed(
    segments: list[Path], headers: int, kept: list[int]
) -> None:
    """A fresh seek table makes the file sound, but its last header is not there."""
    cut_behind(segments[0], headers)
    found = list(read_segment(segments[0]))

    assert (["truncated"], kept) == (told(found), numbers(found))
    assert "the segment ends without its last header" == damages(found)[0].message


def test_a_segment_that_is_known_is_skipped(reader: SegmentReader, segments: list[Path]) -> None:
    """Its place is checked, and reading goes on behind it."""
    outline = read_outline(segments[1])
    assert outline is not None
    found = [*reader.read(segments[0]), *reader.skip(outline), *reader.read(segments[2])]

    assert ([], [*range(5), 8, 9, 10]) == (told(found), numbers(found))
    assert ["chain", "sequence_overlap"] == told(list(reader.skip(outline)))


def test_a_skipped_segment_with_another_name_is_noticed(
    reader: SegmentReader, segments: list[Path]
) -> None:
    """A rename changes no byte of it, so only its place tells."""
    outline = read_outline(segments[0].rename(segments[0].with_name(f"{3:020d}.arrow.zst")))
    assert outline is not None

    assert ["name"] == told(list(reader.skip(outline)))
