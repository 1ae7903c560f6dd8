"""Writing an archive: one writer, one chain, segments of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence import writer as module
from gateway.evidence.archive import LOCK
from gateway.evidence.block import CloseReason
from gateway.evidence.errors import ArchiveError
from gateway.evidence.log.folder import LogFolder
from gateway.evidence.outline import SegmentOutline, read_outline
from gateway.evidence.segment import SegmentWriter
from gateway.evidence.sums import LIST
from gateway.evidence.verify import verify
from gateway.evidence.writer import ArchiveWriter
from tests.gateway.evidence.log.signed import LOG, RECORDER, Recorder, ed25519, signing
from tests.gateway.evidence.samples import (
    ORIGIN,
    abandon,
    kinds,
    options,
    rows,
    segments_of,
    sequences,
    write_archive,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gateway.evidence.damage import Damage
    from gateway.evidence.log.signing import Signer

NEW = ed25519(LOG, 4)


def outlines(archive: Path) -> list[SegmentOutline | None]:
    """Return the outlines of all segments."""
    return [read_outline(path) for path in segments_of(archive)]


def test_a_key_that_no_header_names_signs_no_list(tmp_path: Path) -> None:
    """A start and a stop with nothing recorded in between harm nothing, with a new key neither."""
    recorder = Recorder(tmp_path)
    recorder.record()
    recorder_without_events = verify(recorder.archive).faults
    recorder.record(1)
    recorder.how = signing(tmp_path, NEW, previous=RECORDER)
    recorder.record()

    assert [] == recorder_without_events
    assert [] == verify(recorder.archive).faults


@pytest.mark.parametrize(
    ("crashed", "restarted"), [((), (NEW, RECORDER)), ((NEW,), (RECORDER, NEW))]
)
def test_a_key_signs_nothing_that_was_written_under_another(
    tmp_path: Path, crashed: tuple[Signer, ...], restarted: tuple[Signer, Signer]
) -> None:
    """A crash left headers that no checkpoint covers; they stay so until a header names the key."""
    recorder = Recorder(tmp_path)
    recorder.record(1)
    if crashed:
        recorder.how = signing(tmp_path, *crashed, previous=RECORDER)
    writer = ArchiveWriter(recorder.archive, ORIGIN, recorder.options())
    writer.append(rows(2, 2))
    writer.sync()
    abandon(writer)
    recorder.how = signing(tmp_path, restarted[0], previous=restarted[1])
    recorder.record()
    idle = verify(recorder.archive)
    recorder.record(1)
    busy = verify(recorder.archive)

    assert ([], 2) == (idle.faults, idle.origins[0].log.uncovered_events)
    assert ([], 0) == (busy.faults, busy.origins[0].log.uncovered_events)


def test_no_moment_looks_like_an_older_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash or a look may come between any two files: what is kept is not ahead of the newest."""
    recorder = Recorder(tmp_path)
    recorder.record(1)
    written: list[str] = []
    faults: list[Damage] = []
    write = LogFolder.write

    def look_and_write(folder: LogFolder, files: Iterable[tuple[str, bytes]]) -> None:
        files = list(files)
        faults.extend(verify(recorder.archive).faults)
        written.extend(path for path, _ in files)
        write(folder, files)

    monkeypatch.setattr(LogFolder, "write", look_and_write)
    recorder.record(1)

    assert [] == faults
    assert {"checkpoint", f"checkpoints/{6:020d}", LIST} <= set(written)


def test_segments_form_one_chain(tmp_path: Path) -> None:
    """Sealing starts another segment with the next event, also after the writer was closed."""
    writer = ArchiveWriter(tmp_path, ORIGIN, options())
    assert (0, False) == (writer.next_sequence, writer.is_segment_open)
    writer.append(rows(0, 2))
    assert (2, True) == (writer.next_sequence, writer.is_segment_open)
    writer.seal(CloseReason.TIME)
    assert (2, False) == (writer.next_sequence, writer.is_segment_open)
    writer.append(rows(2, 2))
    writer.close()
    write_archive(tmp_path, [rows(4, 1)], first_id=9)

    assert ([], list(range(5))) == (kinds(tmp_path), sequences(tmp_path))
    assert ["time", "shutdown", "time"] == [
        outline.closing.header.reason if outline else None for outline in outlines(tmp_path)
    ]


def test_nothing_is_written_without_an_event(tmp_path: Path) -> None:
    """Opening, syncing, sealing and closing make no empty segment."""
    writer = ArchiveWriter(tmp_path, ORIGIN)
    writer.sync()
    writer.seal(CloseReason.TIME)
    writer.close()

    assert [] == segments_of(tmp_path)


def test_a_gap_between_segments_is_recorded_as_it_is(tmp_path: Path) -> None:
    """Numbers that the journal lost are not given to other events."""
    write_archive(tmp_path, [rows(0, 2)], [rows(5, 2)])

    assert (["sequence_gap"], [0, 1, 5, 6]) == (kinds(tmp_path), sequences(tmp_path))


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("SEGMENT_BYTES_MAX", 1),
        ("SEGMENT_CONTENT_BYTES_MAX", 1),
        ("SEGMENT_BATCHES_MAX", 1),
    ],
)
def test_a_segment_that_is_full_is_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    """By its size, by what it decompresses to, or by its payloads: readers' memory is bounded."""
    monkeypatch.setattr(module, limit, value)
    writer = ArchiveWriter(tmp_path, ORIGIN, options())
    for number in range(3):
        writer.append(rows(number, 1, payload=b"payload"))
        assert not writer.is_segment_open
    writer.close()

    assert ["size"] * 3 == [
        outline.closing.header.reason if outline else None for outline in outlines(tmp_path)
    ]


def test_a_segment_below_its_limits_stays_open(tmp_path: Path) -> None:
    """A few events do not fill it."""
    writer = ArchiveWriter(tmp_path, ORIGIN, options())
    writer.append(rows(0, 3, payload=b"payload"))
    writer.append(rows(3, 3, payload=b"payload"))
    assert writer.is_segment_open
    writer.close()


def test_syncing_reaches_the_open_segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything appended is durable afterwards."""
    synced: list[Path] = []
    monkeypatch.setattr(SegmentWriter, "sync", lambda self: synced.append(self.path))
    writer = ArchiveWriter(tmp_path, ORIGIN, options())
    writer.append(rows(0, 1))
    writer.sync()

    assert segments_of(tmp_path) == synced
    writer.close()


def test_only_one_writes_an_origin(tmp_path: Path) -> None:
    """Another origin of the same archive has a writer of its own."""
    writer = ArchiveWriter(tmp_path, ORIGIN, options())
    with pytest.raises(ArchiveError, match="another process seals this origin"):
        ArchiveWriter(tmp_path, ORIGIN, options())
    ArchiveWriter(tmp_path, "other", options()).close()
    writer.close()
    ArchiveWriter(tmp_path, ORIGIN, options()).close()


def test_a_writer_that_cannot_carry_on_lets_the_lock_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever mends it can try again."""

    def broken(*_arguments: object, **_options: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module, "resume", broken)
    with pytest.raises(OSError, match="Input/output"):
        ArchiveWriter(tmp_path, ORIGIN, options())
    monkeypatch.undo()
    ArchiveWriter(tmp_path, ORIGIN, options()).close()

    assert (tmp_path / ORIGIN / LOCK).exists()
