"""The sealer: what reaches the archive and when, what is freed, and what recovery leaves."""

from __future__ import annotations

import shutil
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import google_crc32c
import pytest

from gateway.evidence import writer as archive_writer
from gateway.evidence.archive import scan
from gateway.evidence.block import CloseReason
from gateway.evidence.damage import Damage
from gateway.evidence.errors import ArchiveError
from gateway.evidence.event import EventKind
from gateway.evidence.files import make_directory
from gateway.evidence.journal import journal_files
from gateway.evidence.reader import Block
from gateway.evidence.writer import ArchiveWriter
from gateway.sealer import sealing as module
from gateway.sealer.apart import recover_apart
from gateway.sealer.intents import CARRY
from gateway.sealer.keys import MEMORY
from gateway.sealer.sealing import Sealer, recover
from tests.gateway.sealer.journals import (
    BOOT,
    ORIGIN,
    blocks,
    event,
    kinds,
    names,
    options,
    record,
    sealed,
)

if TYPE_CHECKING:
    from pathlib import Path

EACH_ITS_FILE = 1


def sequences(folder: Path) -> list[object]:
    """Read the sequence numbers of the archive."""
    return [row["sequence"] for row in sealed(folder)]


def read_all(sealer: Sealer) -> None:
    """Let the sealer take what the journal holds now."""
    while sealer.step():
        pass


def abandon(sealer: Sealer) -> None:
    """Leave everything as the end of the process would: unsealed and unlocked."""
    sealer._tail.close()
    sealer._lock.release()
    sealer._writer._lock.release()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The monotonic clock as the sealer reads it; set its only element."""
    now = [1_000.0]
    stopped = SimpleNamespace(
        monotonic=lambda: now[0], monotonic_ns=time.monotonic_ns, time_ns=time.time_ns
    )
    monkeypatch.setattr(module, "time", stopped)
    return now


# While the gateway records.


def test_events_wait_for_a_block_for_a_second(tmp_path: Path, clock: list[float]) -> None:
    """An event is in the unfinished segment a second after it was recorded, not before."""
    writer = record(tmp_path)
    sealer = Sealer(options(tmp_path))
    writer.append([event(), event()])
    read_all(sealer)
    clock[0] += module.BLOCK_SECONDS - 0.01
    read_all(sealer)
    assert sequences(tmp_path) == []

    clock[0] += 0.01
    writer.append([event()])
    read_all(sealer)

    assert sequences(tmp_path) == [0, 1, 2]
    assert [block.header.reason for block in blocks(tmp_path)] == [CloseReason.TIME]
    writer.close()
    sealer.finish(CloseReason.SHUTDOWN)


@pytest.mark.parametrize(
    ("limit", "value", "expected"), [("BLOCK_BYTES", 500, [2, 2]), ("BLOCK_EVENTS_MAX", 3, [3, 1])]
)
def test_a_full_block_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int, expected: list[int]
) -> None:
    """A block ends with the event that fills it, by bytes or by number."""
    monkeypatch.setattr(module, limit, value)
    writer = record(tmp_path)
    writer.append([event(payload=bytes(300))] * 4)
    writer.close()
    recover(options(tmp_path))

    found = [block.header for block in blocks(tmp_path)]
    assert [header.event_count for header in found] == expected
    assert found[0].reason is CloseReason.SIZE


def test_a_segment_ends_by_its_age(tmp_path: Path, clock: list[float]) -> None:
    """A quiet gateway's segment is sealed in time, and the next event starts another."""
    writer = record(tmp_path)
    sealer = Sealer(options(tmp_path))
    for wait_seconds in (module.BLOCK_SECONDS, module.SEGMENT_SECONDS):
        writer.append([event()])
        read_all(sealer)
        clock[0] += wait_seconds
        read_all(sealer)

    assert [path.name for path in (tmp_path / "archive" / ORIGIN / "segments").iterdir()] == [
        f"{0:020d}.arrow.zst"
    ]
    writer.append([event()])
    writer.close()
    sealer.finish(CloseReason.SHUTDOWN)
    assert {block.segment for block in blocks(tmp_path)} == {
        f"{0:020d}.arrow.zst",
        f"{2:020d}.arrow.zst",
    }


def test_a_busy_gateways_segment_ends_by_its_age_too(
    tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The age also counts when the journal never runs dry."""
    monkeypatch.setattr(module, "BLOCK_EVENTS_MAX", 1)
    writer = record(tmp_path)
    sealer = Sealer(options(tmp_path))
    writer.append([event()] * 3)
    assert sealer.step()

    clock[0] += module.SEGMENT_SECONDS
    read_all(sealer)

    assert [block.segment[:20] for block in blocks(tmp_path)] == [f"{n:020d}" for n in (0, 0, 2)]
    writer.close()
    sealer.finish(CloseReason.SHUTDOWN)


def test_a_journal_file_goes_when_it_is_sealed_and_a_newer_one_exists(
    tmp_path: Path, clock: list[float]
) -> None:
    """The file that the gateway writes stays; the others go when their block is synced."""
    writer = record(tmp_path, file_bytes_max=EACH_ITS_FILE)
    sealer = Sealer(options(tmp_path))
    for _ in range(3):
        writer.append([event()])
    read_all(sealer)
    assert len(names(tmp_path)) == 3

    clock[0] += module.BLOCK_SECONDS
    read_all(sealer)

    assert names(tmp_path) == [f"{2:020d}-{BOOT}.journal"]
    writer.close()
    sealer.finish(CloseReason.SHUTDOWN)


def test_a_backlog_is_synced_and_freed_on_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sealer that never catches up still signs and frees what it has sealed."""
    monkeypatch.setattr(module, "BLOCK_EVENTS_MAX", 1)
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)
    writer = record(tmp_path, file_bytes_max=EACH_ITS_FILE)
    for _ in range(3):
        writer.append([event()])
    sealer = Sealer(options(tmp_path))
    left = []
    for _ in range(3):
        assert sealer.step()
        left.append(len(names(tmp_path)))

    assert left == [3, 2, 1]
    writer.close()
    sealer.finish(CloseReason.SHUTDOWN)


def test_a_file_stays_while_its_events_wait_for_their_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint frees what is in blocks, not what was merely read."""
    monkeypatch.setattr(module, "BLOCK_EVENTS_MAX", 3)
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)
    writer = record(tmp_path, file_bytes_max=EACH_ITS_FILE)
    for _ in range(5):
        writer.append([event()])
    sealer = Sealer(options(tmp_path))
    read_all(sealer)

    assert [name[:20] for name in names(tmp_path)] == [f"{n:020d}" for n in (3, 4)]
    writer.close()
    sealer.finish(CloseReason.SHUTDOWN)


def test_nothing_is_freed_before_the_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a failed sync leaves in doubt is still in the journal."""
    monkeypatch.setattr(module, "BLOCK_EVENTS_MAX", 1)
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)
    writer = record(tmp_path, file_bytes_max=EACH_ITS_FILE)
    for _ in range(3):
        writer.append([event()])
    writer.close()
    sealer = Sealer(options(tmp_path))

    def fail(_writer: ArchiveWriter) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(ArchiveWriter, "sync", fail)
    for _ in range(3):
        with pytest.raises(OSError, match="the disk is gone"):
            sealer.step()
    abandon(sealer)

    assert len(names(tmp_path)) == 3


def test_a_sealer_that_is_told_to_end_leaves_a_running_gateways_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All there is gets sealed, but nothing is freed that the gateway still writes."""
    monkeypatch.setattr(module, "WRITER_GONE_SECONDS", 0.0)
    writer = record(tmp_path, file_bytes_max=EACH_ITS_FILE)
    writer.append([event(EventKind.INTENT, exchange=1)])
    writer.append([event()])

    assert not Sealer(options(tmp_path)).finish(CloseReason.SHUTDOWN)
    assert names(tmp_path) == [f"{1:020d}-{BOOT}.journal"]

    writer.append([event(EventKind.EXCHANGE, exchange=1)])
    writer.close()

    assert Sealer(options(tmp_path)).finish(CloseReason.SHUTDOWN)
    assert names(tmp_path) == []
    assert kinds(tmp_path) == ["intent", "delivered", "exchange"]


def test_a_sealer_reads_on_where_the_last_one_stood(tmp_path: Path, clock: list[float]) -> None:
    """What is sealed already is not sealed again; what was unsealed is."""
    writer = record(tmp_path)
    first = Sealer(options(tmp_path))
    writer.append([event()] * 2)
    read_all(first)
    clock[0] += module.BLOCK_SECONDS
    writer.append([event()])
    read_all(first)
    writer.append([event()])
    read_all(first)
    abandon(first)

    writer.append([event()])
    writer.close()
    Sealer(options(tmp_path)).finish(CloseReason.SHUTDOWN)

    assert sequences(tmp_path) == [0, 1, 2, 3, 4]


# Recovery.


def test_recovery_of_nothing_starts_at_zero(tmp_path: Path) -> None:
    """A first start finds neither journal nor archive, and that is all right."""
    assert recover(options(tmp_path)) == 0
    assert blocks(tmp_path) == []


def test_recovery_seals_what_was_left(tmp_path: Path) -> None:
    """A journal that nobody sealed is sealed and freed, and numbering goes on behind it."""
    writer = record(tmp_path, file_bytes_max=EACH_ITS_FILE)
    writer.append([event()])
    writer.append([event()])
    writer.close()

    assert recover(options(tmp_path)) == 2
    assert recover(options(tmp_path)) == 2
    assert sequences(tmp_path) == [0, 1]
    assert names(tmp_path) == []
    assert {block.header.reason for block in blocks(tmp_path)} == {CloseReason.RECOVERY}


def test_unanswered_intents_are_closed_once(tmp_path: Path) -> None:
    """Recovery says `outcome_unknown` for each, and a second recovery says nothing more."""
    writer = record(tmp_path)
    writer.append([event(EventKind.PRODUCE, exchange=1, partition=n) for n in (0, 1)])
    writer.append([event(EventKind.PRODUCED, exchange=1, partition=0)])
    writer.close()

    assert recover(options(tmp_path)) == 4
    assert recover(options(tmp_path)) == 4
    last = sealed(tmp_path)[-1]
    assert kinds(tmp_path) == ["produce", "produce", "produced", "outcome_unknown"]
    assert (last["exchange"], last["partition"], last["error_code"]) == (1, 1, None)
    assert last["boot_id"] != BOOT


def test_an_intent_is_remembered_when_its_file_is_gone(tmp_path: Path, clock: list[float]) -> None:
    """The journal file with the intent may be freed long before the answer, or the crash."""
    writer = record(tmp_path, file_bytes_max=EACH_ITS_FILE)
    sealer = Sealer(options(tmp_path))
    writer.append([event(EventKind.INTENT, exchange=1), event(EventKind.INTENT, exchange=2)])
    writer.append([event(EventKind.EXCHANGE, exchange=2)])
    read_all(sealer)
    clock[0] += module.BLOCK_SECONDS
    read_all(sealer)
    abandon(sealer)
    writer.close()
    assert names(tmp_path) == [f"{2:020d}-{BOOT}.journal"]

    recover(options(tmp_path))

    assert kinds(tmp_path) == ["intent", "intent", "exchange", "outcome_unknown"]
    assert sealed(tmp_path)[-1]["exchange"] == 1


@pytest.mark.parametrize("is_whole", [True, False], ids=["behind an entry", "without any entry"])
def test_torn_bytes_are_sealed_once(tmp_path: Path, *, is_whole: bool) -> None:
    """What a killed gateway wrote in part is kept byte for byte."""
    make_directory(tmp_path / "journal")
    if is_whole:
        writer = record(tmp_path)
        writer.append([event()])
        writer.close()
        [path] = journal_files(tmp_path / "journal")
    else:
        path = tmp_path / "journal" / f"{0:020d}-{BOOT}.journal"
    with path.open("ab") as file:
        file.write(b"torn")

    assert recover(options(tmp_path)) == is_whole + 1
    assert recover(options(tmp_path)) == is_whole + 1
    last = sealed(tmp_path)[-1]
    assert (last["kind"], last["byte_count"]) == ("torn", 4)
    assert [batch["payload"] for batch in batches(last)] == [b"torn"]
    assert names(tmp_path) == []


def test_torn_bytes_are_not_freed_before_they_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even when all whole entries are sealed and a newer file exists."""
    writer = record(tmp_path)
    writer.append([event()])
    writer.close()
    [path] = journal_files(tmp_path / "journal")
    with path.open("ab") as file:
        file.write(b"torn")
    writer = record(tmp_path, next_sequence=1)
    writer.append([event()])
    monkeypatch.setattr(module, "WRITER_GONE_SECONDS", 0.0)
    Sealer(options(tmp_path)).finish(CloseReason.SHUTDOWN)
    writer.close()

    assert path.name in names(tmp_path)
    recover(options(tmp_path))
    assert kinds(tmp_path) == ["delivered", "delivered", "torn"]
    assert names(tmp_path) == []


def test_an_entry_that_is_no_event_is_kept(tmp_path: Path) -> None:
    """An entry with a right checksum and a content that nobody understands is evidence too."""
    writer = record(tmp_path)
    writer.append([event()])
    writer.close()
    [path] = journal_files(tmp_path / "journal")
    body = b"\xc1what is this"
    sequence = (1).to_bytes(8, "little")
    checksum = google_crc32c.value(sequence + body)
    with path.open("ab") as file:
        file.write(len(body).to_bytes(4, "little") + checksum.to_bytes(4, "little"))
        file.write(sequence + body)

    assert recover(options(tmp_path)) == 2
    last = sealed(tmp_path)[-1]
    assert (last["kind"], last["detail"]) == ("torn", '{"undecodable":true}')
    assert [batch["payload"] for batch in batches(last)] == [body]


def batches(row: dict[str, object]) -> list[dict[str, object]]:
    """Return the batches of a row."""
    found = row["batches"]
    assert isinstance(found, list)
    return found


def test_a_gap_in_the_journal_is_no_reason_to_stop(tmp_path: Path) -> None:
    """When a journal file was lost, the rest is sealed and readers see what is missing."""
    writer = record(tmp_path, file_bytes_max=EACH_ITS_FILE)
    for _ in range(3):
        writer.append([event()])
    writer.close()
    journal_files(tmp_path / "journal")[1].unlink()

    assert recover(options(tmp_path)) == 3
    found = list(scan(tmp_path / "archive"))
    assert [each.header.first_sequence for each in found if isinstance(each, Block)] == [0, 2]
    assert [each.message for each in found if isinstance(each, Damage)] == [
        "sequence numbers 1 to 1 are missing"
    ]


def test_numbers_are_not_given_twice_when_the_journal_is_lost(tmp_path: Path) -> None:
    """The archive knows the last number, the saved intents know it as well."""
    writer = record(tmp_path)
    writer.append([event(EventKind.INTENT, exchange=1)])
    writer.close()
    assert recover(options(tmp_path)) == 2
    (tmp_path / "journal" / CARRY).unlink()

    assert recover(options(tmp_path)) == 2

    writer = record(tmp_path, next_sequence=2)
    writer.append([event(EventKind.INTENT, exchange=2)])
    writer.close()
    assert recover(options(tmp_path)) == 4
    (tmp_path / "archive").rename(tmp_path / "other")
    (tmp_path / "journal" / MEMORY).unlink()

    assert recover(options(tmp_path)) == 4


def test_an_archive_that_was_put_back_or_taken_away_is_not_carried_on(tmp_path: Path) -> None:
    """The recorder would sign a second history, and every witness would refuse it from then on."""
    writer = record(tmp_path)
    writer.append([event()])
    writer.close()
    recover(options(tmp_path))
    shutil.copytree(tmp_path / "archive", tmp_path / "older")
    writer = record(tmp_path, next_sequence=1)
    writer.append([event()])
    writer.close()
    recover(options(tmp_path))
    for taken in (tmp_path / "older", tmp_path / "none"):
        shutil.rmtree(tmp_path / "archive")
        if taken.exists():
            taken.rename(tmp_path / "archive")
        with pytest.raises(ArchiveError, match="record under another instance"):
            recover(options(tmp_path))


# One at a time.


def test_recovery_waits_for_a_sealer_but_not_for_ever(tmp_path: Path) -> None:
    """The sealer of an earlier run may be finishing; one that does not end is reported."""
    other = Sealer(options(tmp_path))
    began = time.monotonic()
    with pytest.raises(ArchiveError, match="another process seals this journal"):
        recover(options(tmp_path, lock_wait_seconds=0.2))
    waited_seconds = time.monotonic() - began
    other.finish(CloseReason.SHUTDOWN)

    assert waited_seconds >= 0.2
    assert recover(options(tmp_path)) == 0


def test_two_archives_for_one_journal_take_turns(tmp_path: Path) -> None:
    """A changed archive path does not let two sealers free what the other has not sealed."""
    other = Sealer(options(tmp_path))
    (tmp_path / "archive").rename(tmp_path / "moved")
    with pytest.raises(ArchiveError, match="another process seals this journal"):
        Sealer(options(tmp_path))
    other.finish(CloseReason.SHUTDOWN)


def test_an_archive_in_use_is_reported_and_the_journal_let_go(tmp_path: Path) -> None:
    """Two gateways of one name with one archive: the second cannot seal, and holds nothing."""
    other = ArchiveWriter(tmp_path / "archive", ORIGIN)
    with pytest.raises(ArchiveError, match="another process seals this origin"):
        Sealer(options(tmp_path))
    other.close()

    assert recover(options(tmp_path)) == 0


def test_recovery_beside_a_running_gateway_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its open intents have no unknown outcome: they are being answered."""
    monkeypatch.setattr(module, "WRITER_GONE_SECONDS", 0.0)
    writer = record(tmp_path)
    writer.append([event(EventKind.INTENT, exchange=1)])
    with pytest.raises(ArchiveError, match="another process records into the journal"):
        recover(options(tmp_path))
    writer.close()

    assert kinds(tmp_path) == ["intent"]


def test_a_full_archive_segment_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Segments end by size on the way, and the chain goes on over them."""
    monkeypatch.setattr(archive_writer, "SEGMENT_BYTES_MAX", 1)
    monkeypatch.setattr(module, "BLOCK_EVENTS_MAX", 1)
    writer = record(tmp_path)
    writer.append([event()] * 3)
    writer.close()
    recover(options(tmp_path))

    assert len({block.segment for block in blocks(tmp_path)}) == 3


def test_a_journal_file_that_was_copied_into_the_journal_is_told(tmp_path: Path) -> None:
    """Nothing is sealed twice, nothing is freed, and without the copy all goes on."""
    writer = record(tmp_path)
    writer.append([event(), event()])
    writer.close()
    (original,) = journal_files(tmp_path / "journal")
    copy = original.with_name("00000000000000000000-copy.journal")
    copy.write_bytes(original.read_bytes())
    with pytest.raises(ArchiveError, match=r"event 0 stands in the journal .* twice: move away"):
        recover_apart(options(tmp_path))
    copy.unlink()

    assert 2 == recover_apart(options(tmp_path))
    assert [0, 1] == [row["sequence"] for row in sealed(tmp_path)]
