"""Carrying on after a crash: nothing sound is touched, nothing torn is thrown away."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.archive import scan, segments_directory
from gateway.evidence.block import CloseReason
from gateway.evidence.outline import SegmentOutline, read_outline
from gateway.evidence.resume import resume
from gateway.evidence.segment import PARTIAL_SUFFIX, Chain
from gateway.evidence.stored import SegmentFile
from gateway.evidence.writer import ArchiveWriter
from tests.gateway.evidence.samples import (
    ORIGIN,
    damages,
    kinds,
    options,
    rows,
    segments_of,
    sequences,
    small_archive,
    write_archive,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.stored import StoredBlock


def carry_on(archive: Path, *, kept_from: int | None = None) -> Chain:
    """Resume the sample's origin."""
    return resume(segments_directory(archive, ORIGIN), ORIGIN, options(), kept_from=kept_from)


def outline_of(path: Path) -> SegmentOutline:
    """Return the outline that must be there."""
    outline = read_outline(path)
    assert outline is not None
    return outline


def stored(path: Path) -> list[StoredBlock]:
    """Return the sound blocks of a file."""
    found: list[StoredBlock] = []
    with path.open("rb") as file:
        segment = SegmentFile(file)
        while (end := found[-1].end_position if found else 0) < segment.size:
            found.append(segment.block(end))
    return found


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """Write a sealed segment, events 0 to 2, and an open one with two blocks, 3 to 5 and 6."""
    return write_archive(tmp_path, [rows(0, 3)], [rows(3, 3), rows(6, 1)], is_newest_open=True)


def partial_of(archive: Path) -> Path:
    """Return the one segment that is not sealed."""
    (path,) = (path for path in segments_of(archive) if path.name.endswith(PARTIAL_SUFFIX))
    return path


def test_nothing_is_carried_on_from_the_beginning(tmp_path: Path) -> None:
    """An origin without segments starts at zero."""
    assert Chain() == resume(tmp_path, ORIGIN, options())


def test_sealed_segments_are_followed(tmp_path: Path) -> None:
    """The chain goes on where the newest ends, and no byte is changed."""
    archive = small_archive(tmp_path)
    before = {path: path.read_bytes() for path in segments_of(archive)}
    last = outline_of(segments_of(archive)[-1]).closing

    assert Chain(
        segment=3,
        block=last.header.block + 1,
        previous_sha256=last.digest,
        sequence=11,
    ) == carry_on(archive)
    assert before == {path: path.read_bytes() for path in segments_of(archive)}


def test_an_open_segment_is_closed_behind_its_blocks(crashed: Path) -> None:
    """What readers may have seen stays byte for byte; the rest is its end."""
    content = partial_of(crashed).read_bytes()
    chain = carry_on(crashed)
    sealed = segments_of(crashed)[1]

    assert content == sealed.read_bytes()[: len(content)]
    assert CloseReason.RECOVERY == outline_of(sealed).closing.header.reason
    assert outline_of(sealed).digest == chain.previous_sha256
    assert ([], list(range(7)), 7) == (kinds(crashed), sequences(crashed), chain.sequence)


def test_a_torn_end_goes_when_the_journal_has_its_events(crashed: Path) -> None:
    """Cut anywhere: whole blocks stay, and the events of the torn one are sealed again."""
    blocks = stored(partial_of(crashed))
    ends = [block.end_position for block in blocks]
    sizes = {*range(ends[0], ends[-1], 41), *ends, *(end - 1 for end in ends[1:])}
    for size in sorted(sizes):
        archive = crashed.with_name("cut")
        shutil.copytree(crashed, archive)
        os.truncate(partial_of(archive), size)
        chain = carry_on(archive, kept_from=0)
        whole = [block for block in blocks if block.end_position <= size]

        assert whole[-1].header.last_sequence + 1 == chain.sequence
        assert [] == kinds(archive)
        assert list(range(chain.sequence)) == sequences(archive)
        shutil.rmtree(archive)


def test_a_torn_end_stays_when_the_journal_has_not_its_events(crashed: Path) -> None:
    """The file gets its name as it is, and every reader reports what is wrong with it."""
    os.truncate(partial_of(crashed), partial_of(crashed).stat().st_size - 1)
    content = partial_of(crashed).read_bytes()
    chain = carry_on(crashed, kept_from=7)

    assert content == segments_of(crashed)[1].read_bytes()
    assert ["truncated"] == kinds(crashed)
    assert 6 == chain.sequence


def test_a_flaw_between_sound_blocks_stays(crashed: Path) -> None:
    """Also when the journal has the events: nothing sound is written anew."""
    first, second, _ = stored(partial_of(crashed))
    with partial_of(crashed).open("r+b") as file:
        file.seek(second.frame_position)
        file.write(b"?")
    content = partial_of(crashed).read_bytes()
    chain = carry_on(crashed, kept_from=0)

    assert content == segments_of(crashed)[1].read_bytes()
    assert ["frame", "truncated"] == kinds(crashed)
    assert (7, first.header.segment + 1) == (chain.sequence, chain.segment)
    assert [0, 1, 2, 6] == sequences(crashed)


def test_a_segment_without_events_goes(tmp_path: Path) -> None:
    """No reader has seen anything in it, and its name is free for the next."""
    archive = write_archive(tmp_path, [rows(0, 3)], [rows(3, 3)], is_newest_open=True)
    partial = partial_of(archive)
    os.truncate(partial, stored(partial)[0].end_position)
    chain = carry_on(archive)

    assert (3, 1) == (chain.sequence, chain.segment)
    assert 1 == len(segments_of(archive))


@pytest.mark.parametrize("content", [b"", b"torn"])
def test_a_first_header_that_is_torn_is_kept_unless_the_journal_has_it(
    tmp_path: Path, content: bytes
) -> None:
    """Its bytes are evidence of something; where nothing was written there is nothing to keep."""
    archive = write_archive(tmp_path, [rows(0, 3)])
    for number in (1, 2):
        partial = segments_directory(archive, ORIGIN) / f"{3:020d}{PARTIAL_SUFFIX}"
        partial.write_bytes(content)
        assert 3 == carry_on(archive).sequence
        kept = sorted(path.name for path in partial.parent.glob("*.damaged-*"))
        expected = [f"{3:020d}.damaged-{each}" for each in range(1, number + 1)] if content else []

        assert expected == kept
        partial.write_bytes(content)
        assert 3 == carry_on(archive, kept_from=3).sequence
        assert expected == sorted(path.name for path in partial.parent.glob("*.damaged-*"))
    assert ["unexpected_file"] * len(expected) == kinds(archive)


def test_what_is_kept_overwrites_nothing(crashed: Path) -> None:
    """Should the sealed name be taken, both files stay and the operator is told."""
    partial = partial_of(crashed)
    os.truncate(partial, partial.stat().st_size - 1)
    taken = partial.with_suffix("")
    taken.write_bytes(b"evidence")
    with pytest.raises(FileExistsError, match="would be overwritten"):
        carry_on(crashed)

    assert b"evidence" == taken.read_bytes()
    assert partial.exists()


def test_a_segment_that_lacks_only_its_name_gets_it(crashed: Path) -> None:
    """The crash came between the last byte and the rename."""
    carry_on(crashed)
    sealed = segments_of(crashed)[1]
    content = sealed.read_bytes()
    sealed.rename(sealed.with_name(sealed.name + ".partial"))
    chain = carry_on(crashed)

    assert content == sealed.read_bytes()
    assert ([], 7, 2) == (kinds(crashed), chain.sequence, chain.segment)


def test_a_segment_that_lacks_its_seek_table_gets_it(crashed: Path) -> None:
    """Cut anywhere behind the last header, it comes out the same."""
    carry_on(crashed)
    sealed = segments_of(crashed)[1]
    content = sealed.read_bytes()
    outline = outline_of(sealed)
    end = outline.closing.frame_position + outline.closing.header.frame_bytes
    for size in range(end, len(content), 5):
        sealed.unlink()
        partial = sealed.with_name(sealed.name + ".partial")
        partial.write_bytes(content[:size])
        carry_on(crashed, kept_from=0)

        assert content == sealed.read_bytes()


def test_a_newest_segment_that_is_destroyed_is_not_written_over(tmp_path: Path) -> None:
    """Its name tells the least that was in it; the chain goes on from the last sound header."""
    archive = small_archive(tmp_path)
    second, third = segments_of(archive)[1:]
    third.write_bytes(b"destroyed")
    chain = carry_on(archive)

    assert outline_of(second).digest == chain.previous_sha256
    assert 9 == chain.sequence
    assert b"destroyed" == third.read_bytes()


def test_an_error_of_the_disk_stops_everything(
    crashed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be read is not called torn."""

    def read(_self: SegmentFile, _position: int, _count: int) -> bytes:
        raise OSError(5, "Input/output error")

    before = {path: path.read_bytes() for path in segments_of(crashed)}
    monkeypatch.setattr(SegmentFile, "read", read)
    with pytest.raises(OSError, match="Input/output"):
        carry_on(crashed, kept_from=0)

    assert before == {path: path.read_bytes() for path in segments_of(crashed)}


def test_it_works_where_the_system_cannot_drop_its_cache(
    crashed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MacOS has no posix_fadvise."""
    monkeypatch.delattr(os, "posix_fadvise", raising=False)

    assert 7 == carry_on(crashed).sequence


def test_the_next_segment_follows(crashed: Path) -> None:
    """After a crash the history goes on without a flaw."""
    os.truncate(partial_of(crashed), partial_of(crashed).stat().st_size - 10)
    writer = ArchiveWriter(crashed, ORIGIN, options(first_id=9), kept_from=3)
    assert 6 == writer.next_sequence
    writer.append(rows(6, 2))
    writer.close()

    assert ([], list(range(8))) == (damages(scan(crashed)), sequences(crashed))
