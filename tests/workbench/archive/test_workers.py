"""Converting many segments at once."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.event import EventKind
from tests.workbench.archive.encrypted import Encrypted
from tests.workbench.archive.recording import (
    Client,
    Place,
    Recording,
    batch,
    segment_files,
)
from workbench.archive import workers
from workbench.archive.cache import Cache
from workbench.archive.keys import KeyRing
from workbench.archive.workers import convert_all, convert_apart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ALICE = Client(session="s1")


@pytest.fixture
def segments(tmp_path: Path) -> list[Path]:
    """Write an archive of three segments and return their paths."""
    recording = Recording()
    for _ in range(3):
        recording.add(EventKind.SESSION_OPEN, ALICE)
        recording.end_segment()
    recording.write(tmp_path / "archive")
    return segment_files(tmp_path)


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Take every segment for a large one, and note which are converted apart."""
    noted: list[Path] = []

    def noting(directory: Path, path: Path, keys: Sequence[Path]) -> None:
        noted.append(path)
        convert_apart(directory, path, keys)

    monkeypatch.setattr(workers, "WORTH_A_PROCESS_BYTES", 0)
    monkeypatch.setattr(workers, "convert_apart", noting)
    return noted


def names(cache: Cache, paths: list[Path]) -> list[str | None]:
    """Convert segments and give their names."""
    return [None if each is None else each.entry.segment for each in convert_all(cache, paths)]


def test_segments_come_in_order_whoever_converts_them(
    segments: list[Path], apart: list[Path], tmp_path: Path
) -> None:
    """Large ones are converted in other processes, and found by this one."""
    cache = Cache(tmp_path / "cache")

    assert [path.name for path in segments] == names(cache, segments)
    assert set(segments) == set(apart)
    assert all(cache.find(path) is not None for path in segments)


def test_what_was_converted_starts_no_process(
    segments: list[Path], apart: list[Path], tmp_path: Path
) -> None:
    """The second opening only hashes."""
    cache = Cache(tmp_path / "cache")
    names(cache, segments)
    apart.clear()

    assert [path.name for path in segments] == names(cache, segments)
    assert [] == apart


def test_a_single_segment_starts_no_process(
    segments: list[Path], apart: list[Path], tmp_path: Path
) -> None:
    """Nothing is gained by doing one thing elsewhere."""
    assert [segments[0].name] == names(Cache(tmp_path / "cache"), segments[:1])
    assert [] == apart


def test_small_segments_start_no_process(segments: list[Path], tmp_path: Path) -> None:
    """A process takes longer to start than they take."""
    assert [path.name for path in segments] == names(Cache(tmp_path / "cache"), segments)


def test_a_segment_that_cannot_be_read_is_left_to_the_scan(
    segments: list[Path], tmp_path: Path
) -> None:
    """Others are converted all the same."""
    segments[1].unlink()

    assert [segments[0].name, None, segments[2].name] == names(Cache(tmp_path / "cache"), segments)


def test_a_process_that_fails_leaves_the_work_to_this_one(
    segments: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where no process can be started, opening only takes longer."""
    monkeypatch.setattr(workers, "WORTH_A_PROCESS_BYTES", 0)
    monkeypatch.setattr(sys, "executable", "/bin/false")

    assert [path.name for path in segments] == names(Cache(tmp_path / "cache"), segments)


def test_whoever_stops_listening_stops_the_work(
    segments: list[Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An interrupted opening does not go on converting what nobody waits for."""
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    cache = Cache(tmp_path / "cache")
    converting = convert_all(cache, segments * 50)
    next(converting)
    converting.close()

    assert cache.find(segments[0]) is not None


def test_keys_go_along_to_other_processes(tmp_path: Path) -> None:
    """What is converted there is opened there."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"v"))
    encrypted = Encrypted(tmp_path, recording)
    keys = (encrypted.keys.path, encrypted.identity)
    (segment,) = segment_files(tmp_path)

    convert_apart(tmp_path / "cache", segment, keys)

    found = Cache(tmp_path / "cache", KeyRing(*keys)).find(segment)
    assert found is not None
    assert {"s1": None} == found.entry.summary.unsealed
