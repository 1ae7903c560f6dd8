"""Decoding ahead: in order, on threads, and never more than memory allows."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence import ahead
from gateway.evidence.ahead import FRAMES_AHEAD, decode_ahead, decoding_threads
from gateway.evidence.block import CloseReason
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.decode import Decoded
from gateway.evidence.segment import CONTENT_BYTES_MAX, Chain, SegmentWriter
from gateway.evidence.stored import SegmentFile, StoredBlock
from tests.gateway.evidence.samples import ORIGIN, options, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

DAMAGE = Damage(kind=DamageKind.HEADER, message="damaged", origin=ORIGIN, segment="", byte_offset=0)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Have two threads."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def block(tmp_path_factory: pytest.TempPathFactory) -> StoredBlock:
    """Write one block of events."""
    folder = tmp_path_factory.mktemp("segment")
    writer = SegmentWriter.create(folder, ORIGIN, Chain(), options())
    writer.append(rows(0, 2), CloseReason.TIME)
    with writer.close(CloseReason.TIME).open("rb") as file:
        first = SegmentFile(file).block(0)
        return SegmentFile(file).block(first.end_position)


def numbered(block: StoredBlock, number: int) -> StoredBlock:
    """Return the block as one that stands elsewhere."""
    return replace(block, position=number)


def weighing(block: StoredBlock, content_bytes: int) -> StoredBlock:
    """Return the block with a header that claims another size."""
    header = msgspec.structs.replace(block.header, content_bytes=content_bytes)
    return replace(block, header=header)


def test_everything_comes_in_order(block: StoredBlock, threads: ThreadPoolExecutor) -> None:
    """Blocks and damages keep their places, however many there are."""
    found = [numbered(block, number) for number in range(3 * FRAMES_AHEAD)]
    mixed: list[StoredBlock | Damage] = [*found[:5], DAMAGE, DAMAGE, *found[5:], DAMAGE]
    decoded = list(decode_ahead(mixed, threads))

    assert mixed == [item if isinstance(item, Damage) else item[0] for item in decoded]
    assert all(isinstance(item[1], Decoded) for item in decoded if not isinstance(item, Damage))


def test_frames_are_decoded_while_the_file_is_read_on(
    block: StoredBlock, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two frames are in work at the same time: each waits here for the other."""
    both = threading.Barrier(2, timeout=30)

    def decode(_stored: StoredBlock) -> Decoded:
        both.wait()
        return Decoded()

    monkeypatch.setattr(ahead, "decode", decode)

    assert 2 == len(list(decode_ahead([block, block], threads)))


def test_only_so_many_frames_are_in_work(block: StoredBlock, threads: ThreadPoolExecutor) -> None:
    """The file is not read into memory as fast as it can be read."""
    taken: list[StoredBlock] = []

    def found() -> Iterator[StoredBlock]:
        for number in range(10 * FRAMES_AHEAD):
            taken.append(numbered(block, number))
            yield taken[-1]

    next(decode_ahead(found(), threads))

    assert FRAMES_AHEAD + 1 == len(taken)


@pytest.mark.parametrize("claimed", [48 * 1024 * 1024, CONTENT_BYTES_MAX, 2**62])
def test_only_so_many_bytes_are_in_work(
    block: StoredBlock, threads: ThreadPoolExecutor, claimed: int
) -> None:
    """A frame that is large, or claims to be, is decoded alone."""
    taken: list[StoredBlock] = []

    def found() -> Iterator[StoredBlock]:
        for _ in range(10):
            taken.append(weighing(block, claimed))
            yield taken[-1]

    decoding = decode_ahead(found(), threads)
    next(decoding)

    assert 2 == len(taken)
    assert 9 == len(list(decoding))


def test_there_are_as_many_threads_as_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """One a core up to where they would wait for each other, and one where nothing is known."""
    counts = []
    for cores in (None, 2, 64):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        with decoding_threads() as threads:
            counts.append(threads._max_workers)

    assert [1, 2, ahead.THREADS_MAX] == counts
