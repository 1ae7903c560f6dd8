"""The tail: the journal's files as one stream, while a writer goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from gateway.evidence.journal import journal_files
from gateway.evidence.synced import SyncedJournalWriter
from gateway.sealer import tail as module
from gateway.sealer.tail import JournalTail
from tests.gateway.sealer.journals import BOOT, event, names, record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EACH_ITS_FILE = 1


@pytest.fixture
def tail(tmp_path: Path) -> Iterator[JournalTail]:
    """A tail of an empty journal."""
    made = JournalTail(tmp_path / "journal")
    yield made
    made.close()


def read_all(tail: JournalTail) -> list[int]:
    """Read what there is and return the sequence numbers."""
    found = []
    while (tailed := tail.read()) is not None:
        assert tailed.boot_id == BOOT
        found.append(tailed.entry.sequence)
    return found


def test_files_are_one_stream(tmp_path: Path, tail: JournalTail) -> None:
    """Entries come in the order of their sequence numbers, over all files."""
    writer = record(tmp_path, file_bytes_max=EACH_ITS_FILE)
    for count in (2, 1, 3):
        writer.append([event()] * count)
    writer.close()

    assert read_all(tail) == [0, 1, 2, 3, 4, 5]
    assert [(read.path.name, read.last_sequence) for read in tail.read_files] == [
        (f"{0:020d}-{BOOT}.journal", 1),
        (f"{2:020d}-{BOOT}.journal", 2),
    ]


def test_each_entry_has_the_promise_of_its_listener(tmp_path: Path, tail: JournalTail) -> None:
    """What its file says; and where that says nothing, the least."""
    others = {"a": "strict", "": "bounded:50ms"}
    synced = SyncedJournalWriter(
        tmp_path / "journal", origin="test.0", boot_id=BOOT, next_sequence=0, durability=others
    )
    synced.append([replace(event(), listener=name) for name in ("a", "b", None)])
    synced.close()
    plain = record(tmp_path, next_sequence=3)
    plain.append([event()])
    plain.close()
    found = [tailed.durability for tailed in iter(tail.read, None)]

    assert ["strict", "written", "bounded:50ms", "written"] == found


def test_the_tail_grows(tmp_path: Path, tail: JournalTail) -> None:
    """What is appended after the end was met is read next, also in a new file."""
    assert read_all(tail) == []

    writer = record(tmp_path, file_bytes_max=EACH_ITS_FILE)
    found = []
    for _ in range(3):
        writer.append([event()])
        found.append(read_all(tail))
    writer.close()

    assert found == [[0], [1], [2]]


def test_the_newest_file_is_never_done(tmp_path: Path, tail: JournalTail) -> None:
    """Without a newer file nobody can tell whether the writer goes on."""
    writer = record(tmp_path)
    writer.append([event()])
    writer.close()
    read_all(tail)
    tail.close()

    assert tail.read_files == []


def test_what_comes_just_before_a_new_file_is_not_missed(
    tmp_path: Path, tail: JournalTail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer may append and change files between two looks of the reader."""
    writer = record(tmp_path, file_bytes_max=200)
    writer.append([event()])
    assert read_all(tail) == [0]

    def write_then_list(directory: Path) -> list[Path]:
        if writer.next_sequence == 1:
            writer.append([event(payload=b"x" * 200)])
            writer.append([event()])
        return journal_files(directory)

    monkeypatch.setattr(module, "journal_files", write_then_list)

    assert read_all(tail) == [1, 2]
    assert [read.last_sequence for read in tail.read_files] == [1]
    writer.close()


def test_bytes_that_form_no_entry_end_their_file(tmp_path: Path, tail: JournalTail) -> None:
    """A torn file is left where its last whole entry ends, once a newer one exists."""
    writer = record(tmp_path)
    writer.append([event()])
    writer.close()
    [torn] = journal_files(tmp_path / "journal")
    whole_bytes = torn.stat().st_size
    with torn.open("ab") as file:
        file.write(b"torn")
    writer = record(tmp_path, next_sequence=1)
    writer.append([event()])
    writer.close()

    assert read_all(tail) == [0, 1]
    assert [(read.path, read.whole_bytes) for read in tail.read_files] == [(torn, whole_bytes)]


def test_a_file_without_a_whole_entry_is_passed_over(tmp_path: Path, tail: JournalTail) -> None:
    """A crash right after a file was made leaves one of which nothing can be read."""
    directory = tmp_path / "journal"
    directory.mkdir()
    (directory / f"{0:020d}-{BOOT}.journal").write_bytes(b"SWJ")
    writer = record(tmp_path)
    (directory / f"{0:020d}-zzz.journal").write_bytes(b"")
    writer.close()
    read_all(tail)
    tail.leave()

    assert [(read.last_sequence, read.whole_bytes) for read in tail.read_files] == [
        (None, 0),
        (None, 0),
    ]


def test_a_forgotten_file_is_gone_from_the_books(tmp_path: Path, tail: JournalTail) -> None:
    """Once freed, nothing of a file is remembered; without one there is nothing to leave."""
    writer = record(tmp_path)
    writer.append([event()])
    writer.close()
    read_all(tail)
    tail.leave()
    [read] = tail.read_files
    read.path.unlink()
    tail.forget(read)
    tail.leave()

    assert tail.read_files == []
    assert names(tmp_path) == []
    assert read_all(tail) == []
