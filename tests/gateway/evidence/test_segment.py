"""Segments as files: standard tools read them, and their headers add up."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa
import pytest
from msgspec.structs import replace
from pyzstd import SeekableZstdFile

from gateway.evidence.block import NO_PREVIOUS, BlockKind, CloseReason, Totals
from gateway.evidence.event import EVENT_SCHEMA
from gateway.evidence.rows import Row, torn_event
from gateway.evidence.segment import END_OF_STREAM, Chain, SealOptions, SegmentState, SegmentWriter
from gateway.evidence.stored import SegmentFile, StoredBlock
from tests.gateway.evidence.samples import ORIGIN, START_NS, event, options, rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PAYLOAD = bytes(range(256)) * 40
"""Does not shrink below a zstd frame's smallest match, so its copies can be counted."""


def write(folder: Path, *blocks: Sequence[Row], chain: Chain | None = None) -> Path:
    """Write one sealed segment."""
    writer = SegmentWriter.create(folder, ORIGIN, chain or Chain(), options())
    for block in blocks:
        writer.append(block, CloseReason.TIME)
    return writer.close(CloseReason.SIZE)


def stored(path: Path) -> list[StoredBlock]:
    """Return every header with its frame."""
    found: list[StoredBlock] = []
    with path.open("rb") as file:
        segment = SegmentFile(file)
        while not found or found[-1].header.kind is not BlockKind.CLOSE:
            found.append(segment.block(found[-1].end_position if found else 0))
    return found


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    """Write two blocks, the payload of one again in the other."""
    return write(tmp_path, rows(0, 3, payload=PAYLOAD), rows(3, 2, payload=PAYLOAD))


@pytest.fixture
def stream(segment: Path) -> bytes:
    """Decompress a segment with the zstd command alone."""
    return subprocess.run(["zstd", "-dc", segment], capture_output=True, check=True).stdout


def test_the_zstd_command_finds_it_whole(segment: Path) -> None:
    """`zstd -t` checks every frame's checksum and steps over the headers and the seek table."""
    done = subprocess.run(["zstd", "-t", segment], capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stderr


def test_polars_reads_what_zstd_decompresses(stream: bytes) -> None:
    """A responder without our code has the rows in two lines."""
    frame = pl.read_ipc_stream(io.BytesIO(stream))

    assert EVENT_SCHEMA.names == frame.columns
    assert [0, 1, 2, 3, 4] == frame["sequence"].to_list()
    assert PAYLOAD == frame["batches"][0].struct.field("payload")[0]


def test_arrow_reads_what_zstd_decompresses(stream: bytes) -> None:
    """The stream is standard Arrow IPC: schema, one record batch a block, end of stream."""
    with pa.ipc.open_stream(stream) as reader:
        batches = list(reader)

    assert EVENT_SCHEMA.equals(reader.schema, check_metadata=True)
    assert [[0, 1, 2], [3, 4]] == [batch.column("sequence").to_pylist() for batch in batches]
    assert stream.endswith(END_OF_STREAM)


def test_another_reader_of_the_seekable_format_seeks_in_it(segment: Path, stream: bytes) -> None:
    """The seek table leads to any part of the stream without reading what is before it."""
    with SeekableZstdFile(segment) as file:
        position = file.seek(len(stream) - 100)
        end = file.read()
        frames, _, content_bytes = file.seek_table_info or (0, 0, 0)

    assert SeekableZstdFile.is_seekable_format_file(segment)
    assert (2 * len(stored(segment)), len(stream)) == (frames, content_bytes)
    assert (len(stream) - 100, stream[-100:]) == (position, end)


def test_a_payload_is_stored_once(stream: bytes) -> None:
    """Five rows carry the same batch; its bytes stand in the segment one time."""
    table = pa.ipc.open_stream(stream).read_all()
    batches = [batch for row in table.column("batches").to_pylist() for batch in row]

    assert 1 == stream.count(PAYLOAD)
    assert [PAYLOAD, None, None, None, None] == [batch["payload"] for batch in batches]
    assert {hashlib.sha256(PAYLOAD).digest()} == {batch["sha256"] for batch in batches}


def test_a_payload_is_stored_again_in_the_next_segment(tmp_path: Path) -> None:
    """Every segment can be read by itself."""
    write(tmp_path, rows(0, 1, payload=PAYLOAD))
    second = write(tmp_path, rows(1, 1, payload=PAYLOAD), chain=Chain(sequence=1))

    done = subprocess.run(["zstd", "-dc", second], capture_output=True, check=True)

    assert PAYLOAD in done.stdout


def test_the_same_events_make_the_same_bytes(tmp_path: Path) -> None:
    """With a fixed clock and fixed ids nothing in a segment is left to chance."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()

    assert write(first, rows(0, 3)).read_bytes() == write(second, rows(0, 3)).read_bytes()


def test_ids_are_random_and_times_real_by_default(tmp_path: Path) -> None:
    """Nobody can know a segment's id beforehand and put it into a payload."""
    headers = []
    for number in range(2):
        writer = SegmentWriter.create(tmp_path, ORIGIN, Chain(sequence=number), SealOptions())
        writer.append(rows(number, 1), CloseReason.TIME)
        headers.append(stored(writer.close(CloseReason.TIME))[0].header)

    assert 2 == len({header.segment_id for header in headers})
    assert headers[0].sealed_wall_ns <= headers[1].sealed_wall_ns


def test_headers_say_what_is_in_their_frames_and_form_a_chain(segment: Path) -> None:
    """Kinds, numbers, times and hashes follow each other from the first header to the last."""
    found = stored(segment)
    headers = [each.header for each in found]
    digests = [each.digest for each in found]

    assert ["open", "block", "block", "close"] == [header.kind for header in headers]
    assert [0, 1, 2, 3] == [header.block for header in headers]
    assert [NO_PREVIOUS, *digests[:-1]] == [header.previous_sha256 for header in headers]
    assert [(0, -1), (0, 2), (3, 4), (0, 4)] == [
        (header.first_sequence, header.last_sequence) for header in headers
    ]
    assert [0, 3, 2, 5] == [header.event_count for header in headers]
    assert [(None, None), (0, 2), (3, 4), (0, 4)] == [
        (
            header.first_wall_ns and header.first_wall_ns - START_NS,
            header.last_wall_ns and header.last_wall_ns - START_NS,
        )
        for header in headers
    ]
    assert [None, "time", "time", "size"] == [header.reason for header in headers]
    assert 4 == len({header.sealed_wall_ns for header in headers})
    for each in found:
        assert hashlib.sha256(each.frame).hexdigest() == each.header.frame_sha256
        assert len(each.frame) == each.header.frame_bytes


def test_a_header_tells_of_boots_bundles_and_torn_bytes(tmp_path: Path) -> None:
    """What a reader wants to know before it decompresses stands in the header."""
    torn = torn_event(b"12345", wall_ns=1, monotonic_ns=1, detail="{}")
    ruled = [replace(event(), bundle_digest=bytes([number]) * 32) for number in (2, 1)]
    block = [Row(0, "boot-b", ruled[0]), Row(1, "boot-a", ruled[1]), Row(2, "boot-b", torn)]
    _, header, last = (each.header for each in stored(write(tmp_path, block)))

    assert ("boot-a", "boot-b") == header.boot_ids
    assert ("01" * 32, "02" * 32) == header.bundle_digests
    assert ((), (), 5, 5) == (
        last.boot_ids,
        last.bundle_digests,
        header.torn_bytes,
        last.torn_bytes,
    )


def test_a_block_states_the_weakest_promise_in_it(tmp_path: Path) -> None:
    """The next block is on its own again."""
    promises = ("strict", "bounded:50ms", "strict")
    mixed = [replace(row, durability=text) for row, text in zip(rows(0, 3), promises, strict=True)]
    path = write(tmp_path, mixed, [replace(row, durability="strict") for row in rows(3, 2)])

    assert ["written", "bounded:50ms", "strict", "written"] == [
        block.header.durability for block in stored(path)
    ]


def test_a_writer_knows_how_much_it_has_written(tmp_path: Path) -> None:
    """Rotation goes by the file's size, by what it decompresses to, and by its payloads."""
    writer = SegmentWriter.create(tmp_path, ORIGIN, Chain(), options())
    writer.append(rows(0, 2, payload=b"a"), CloseReason.TIME)
    writer.append(rows(2, 2, payload=b"b"), CloseReason.TIME)
    content = subprocess.run(
        ["zstd", "-dc"], input=writer.path.read_bytes(), capture_output=True, check=True
    ).stdout

    assert (2, writer.path.stat().st_size, len(content)) == (
        writer.batch_count,
        writer.stored_bytes,
        writer.content_bytes,
    )
    writer.close(CloseReason.TIME)


def test_blocks_are_durable_after_a_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal may go once the file itself was synced."""
    synced: list[int] = []
    monkeypatch.setattr(
        os, "fdatasync", lambda fd: synced.append(os.fstat(fd).st_ino), raising=False
    )
    writer = SegmentWriter.create(tmp_path, ORIGIN, Chain(), options())
    writer.sync()

    assert [writer.path.stat().st_ino] == synced
    writer.close(CloseReason.TIME)


def test_a_segment_has_its_name_when_it_is_whole_and_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealing syncs the file, then renames it, then syncs the folder."""
    steps: list[object] = []
    monkeypatch.setattr(os, "fsync", lambda fd: steps.append(os.fstat(fd).st_ino))
    writer = SegmentWriter.create(tmp_path, ORIGIN, Chain(sequence=7), options())
    inode, partial = writer.path.stat().st_ino, writer.path.name
    steps.clear()
    final = writer.close(CloseReason.TIME)

    assert [inode, tmp_path.stat().st_ino] == steps
    assert ("0" * 19 + "7.arrow.zst.partial", "0" * 19 + "7.arrow.zst") == (partial, final.name)
    assert [final] == list(tmp_path.iterdir())


def test_sealing_overwrites_nothing(tmp_path: Path) -> None:
    """Should the name be taken, both files stay and the operator is told."""
    taken = tmp_path / f"{0:020d}.arrow.zst"
    taken.write_bytes(b"evidence")
    writer = SegmentWriter.create(tmp_path, ORIGIN, Chain(), options())
    with pytest.raises(FileExistsError, match="would be overwritten"):
        writer.close(CloseReason.TIME)

    assert b"evidence" == taken.read_bytes()
    assert writer.path.exists()


def test_a_gap_between_blocks_is_recorded_as_it_is(tmp_path: Path) -> None:
    """What the journal lost is not made up: the numbers on both sides stay."""
    headers = [each.header for each in stored(write(tmp_path, rows(0, 2), rows(5, 1)))]

    assert [(0, 1), (5, 5)] == [(each.first_sequence, each.last_sequence) for each in headers[1:3]]


@pytest.mark.parametrize(
    "block",
    [
        pytest.param([], id="no rows"),
        pytest.param([*rows(3, 1), *rows(5, 1)], id="a gap inside"),
        pytest.param(rows(1, 3), id="an event again"),
    ],
)
def test_a_block_that_no_sealer_makes_is_our_own_fault(tmp_path: Path, block: list[Row]) -> None:
    """Rows of a block follow each other, and nothing is sealed twice."""
    writer = SegmentWriter.create(tmp_path, ORIGIN, Chain(), options())
    writer.append(rows(0, 2), CloseReason.TIME)
    with pytest.raises(AssertionError):
        writer.append(block, CloseReason.TIME)
    writer.close(CloseReason.TIME)


def test_a_segment_that_has_its_last_header_gets_only_its_seek_table(tmp_path: Path) -> None:
    """A crash between the two is carried on from exactly there."""
    whole = write(tmp_path, rows(0, 2))
    content = whole.read_bytes()
    found = stored(whole)
    state = SegmentState(origin=ORIGIN, segment_id="", chain=Chain(), totals=Totals(0))
    for each in found:
        state.add(each.header, each.encoded, each.frame)
    partial = whole.rename(whole.with_name(whole.name + ".partial"))
    fd = os.open(partial, os.O_RDWR | os.O_APPEND)
    os.ftruncate(fd, state.stored_bytes)
    SegmentWriter(partial, fd, state, options()).close(CloseReason.RECOVERY)

    assert content == whole.read_bytes()
    assert Chain(segment=1, block=3, previous_sha256=found[-1].digest, sequence=2) == state.chain
