"""The journal: what `append` returned for is there, whatever happens next."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import google_crc32c
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence import journal as module
from gateway.evidence.errors import ArchiveError, DamagedError, JournalError
from gateway.evidence.event import Event, EventKind
from gateway.evidence.journal import (
    MAGIC,
    JournalEntry,
    JournalReader,
    JournalWriter,
    TornTail,
    first_sequence_of,
    journal_files,
    lock_journal,
    read_journal,
)
from tests.gateway.evidence.samples import BOOT, ORIGIN, event
from tests.gateway.evidence.strategies import events

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[3]
DYING = """
import os, signal, sys
from pathlib import Path
from tests.gateway.evidence.samples import event
from tests.gateway.evidence.test_journal import writer
journal = writer(Path(sys.argv[1]))
for number in range(100):
    print(journal.append([event(at=number)] * 3), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def writer(folder: Path, *, next_sequence: int = 0, file_bytes_max: int = 10**9) -> JournalWriter:
    """Start to record."""
    return JournalWriter(
        folder,
        origin=ORIGIN,
        boot_id=BOOT,
        next_sequence=next_sequence,
        file_bytes_max=file_bytes_max,
    )


def written(folder: Path, *appended: Sequence[Event]) -> bytes:
    """Append groups of events and return the bytes of the one file."""
    journal = writer(folder)
    for group in appended:
        journal.append(group)
    journal.close()
    (path,) = journal_files(folder)
    return path.read_bytes()


def entries(path: Path) -> list[JournalEntry]:
    """Return the whole entries of a file."""
    return [item for item in read_journal(path) if isinstance(item, JournalEntry)]


def numbers(folder: Path) -> list[int]:
    """Return all sequence numbers."""
    return [entry.sequence for path in journal_files(folder) for entry in entries(path)]


@given(st.lists(st.lists(events(), max_size=3), max_size=3))
def test_events_are_read_as_they_were_appended(
    tmp_path_factory: pytest.TempPathFactory, groups: list[list[Event]]
) -> None:
    """Whatever they say, however they were grouped, with their numbers in order."""
    folder = tmp_path_factory.mktemp("journal")
    journal = writer(folder, next_sequence=7)
    lasts = [journal.append(group) for group in groups]
    journal.close()
    read = [entry for path in journal_files(folder) for entry in entries(path)]
    appended = [each for group in groups for each in group]

    assert appended == [entry.event for entry in read]
    assert list(range(7, 7 + len(appended))) == [entry.sequence for entry in read]
    assert [6 + sum(map(len, groups[: number + 1])) for number in range(len(groups))] == lasts
    assert 7 + len(appended) == journal.next_sequence


def test_nothing_is_written_for_nothing(tmp_path: Path) -> None:
    """A file is made with the first event that goes into it."""
    journal = writer(tmp_path, next_sequence=3)

    assert 2 == journal.append([])
    assert [] == journal_files(tmp_path)
    journal.close()


def test_a_group_is_one_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Group commit: however many events, the hot path pays for one write."""
    calls: list[int] = []
    real = os.writev

    def writev(fd: int, parts: Sequence[bytes]) -> int:
        calls.append(len(parts))
        return real(fd, parts)

    journal = writer(tmp_path)
    journal.append([event()])
    monkeypatch.setattr(os, "writev", writev)
    journal.append([event(at=number) for number in range(100)])

    assert [200] == calls
    journal.close()


def test_a_file_says_whose_it_is(tmp_path: Path) -> None:
    """Its header holds what every event in it has in common."""
    written(tmp_path, [event()])
    (path,) = journal_files(tmp_path)
    reader = JournalReader(path)
    reader.read()
    header = reader.header
    reader.close()

    assert f"{0:020d}-{BOOT}.journal" == path.name
    assert header is not None
    assert (1, ORIGIN, BOOT, 0) == (
        header.format,
        header.origin,
        header.boot_id,
        header.first_sequence,
    )


def test_a_full_file_is_followed_by_another(tmp_path: Path) -> None:
    """Files are freed as a whole, so they stay small; no group is torn apart."""
    journal = writer(tmp_path, file_bytes_max=1)
    journal.append([event(), event()])
    journal.append([event()])
    journal.append([event()])
    journal.close()

    assert [0, 2, 3] == [first_sequence_of(path) for path in journal_files(tmp_path)]
    assert [0, 1, 2, 3] == numbers(tmp_path)


def test_a_file_cut_anywhere_keeps_its_longest_whole_beginning(tmp_path: Path) -> None:
    """After every byte: the entries before the cut, and the torn bytes as they are."""
    whole = written(tmp_path / "whole", [event(at=1), event(at=2, payload=b"x")], [event(at=3)])
    (path,) = journal_files(tmp_path / "whole")
    ends = [entry.end_position for entry in entries(path)]
    header_end = 16 + int.from_bytes(whole[8:12], "little")
    cut = tmp_path / "cut"
    for size in range(len(whole) + 1):
        cut.write_bytes(whole[:size])
        found = list(read_journal(cut))
        kept = [end for end in ends if end <= size]
        last = kept[-1] if kept else (header_end if size >= header_end else 0)
        torn = whole[last:size]

        assert list(range(len(kept))) == [e.sequence for e in found if isinstance(e, JournalEntry)]
        assert ([TornTail(last, torn)] if torn else []) == found[len(kept) :]


def test_a_changed_byte_ends_what_can_be_read(tmp_path: Path) -> None:
    """Byte by byte: entries before it are kept, nothing behind it is believed."""
    whole = written(tmp_path / "whole", [event(at=1), event(at=2)], [event(at=3)])
    (path,) = journal_files(tmp_path / "whole")
    ends = [entry.end_position for entry in entries(path)]
    changed = tmp_path / "changed"
    for position in range(len(whole)):
        content = bytearray(whole)
        content[position] ^= 0xFF
        changed.write_bytes(content)
        *kept, torn = read_journal(changed)

        assert [end for end in ends if end <= position] == [
            entry.end_position for entry in kept if isinstance(entry, JournalEntry)
        ]
        assert isinstance(torn, TornTail)
        assert bytes(content[torn.position :]) == torn.data


def test_a_file_is_read_while_it_grows(tmp_path: Path) -> None:
    """Byte by byte: an entry comes when its last byte is there, and not before."""
    whole = written(tmp_path, [event(at=1), event(at=2)])
    (path,) = journal_files(tmp_path)
    ends = [entry.end_position for entry in entries(path)]
    growing = tmp_path / "growing"
    growing.touch()
    reader = JournalReader(growing)
    found = []
    with growing.open("ab", buffering=0) as file:
        for position in range(len(whole)):
            assert reader.read() is None
            file.write(whole[position : position + 1])
            if position + 1 in ends:
                entry = reader.read()
                assert entry is not None
                found.append(entry.end_position)
    reader.close()

    assert ends == found


def test_a_killed_process_loses_nothing_that_was_promised(tmp_path: Path) -> None:
    """Kill -9 after `append` has returned: every event is there."""
    done = subprocess.run(
        [sys.executable, "-c", DYING, tmp_path / "journal"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert -signal.SIGKILL == done.returncode, done.stderr
    assert "299" == done.stdout.split()[-1]
    assert list(range(300)) == numbers(tmp_path / "journal")


def test_only_one_writer_records(tmp_path: Path) -> None:
    """A second gateway on the same journal is refused, until the first is done."""
    first = writer(tmp_path)
    with pytest.raises(JournalError, match="another process records into this journal"):
        writer(tmp_path)
    first.close()
    writer(tmp_path).close()


def test_a_lock_that_is_brought_along_is_let_go(tmp_path: Path) -> None:
    """Who took the writer's place first may hand it over."""
    lock = lock_journal(tmp_path)
    with pytest.raises(ArchiveError):
        lock_journal(tmp_path)
    JournalWriter(tmp_path, origin=ORIGIN, boot_id=BOOT, next_sequence=0, lock=lock).close()
    lock_journal(tmp_path).release()


@pytest.mark.parametrize(("origin", "boot_id"), [("../etc", BOOT), (ORIGIN, "a/b")])
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, origin: str, boot_id: str) -> None:
    """They become part of file names."""
    with pytest.raises(ValueError, match="cannot be used in a file name"):
        JournalWriter(tmp_path, origin=origin, boot_id=boot_id, next_sequence=0)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """The operator must act, so it is a JournalError with the place and the reason."""
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot record in the journal"):
        writer(tmp_path / "file")


def _fails(*_arguments: object) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("call", ["writev", "open"])
def test_the_first_failure_is_final(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """After a failed write nobody knows what is on the disk, so nothing may pass any more."""
    journal = writer(tmp_path)
    monkeypatch.setattr(os, call, _fails)
    with pytest.raises(JournalError, match="No space left"):
        journal.append([event()])
    monkeypatch.undo()
    with pytest.raises(JournalError, match="No space left"):
        journal.append([event()])

    assert 0 == journal.next_sequence
    journal.close()


def test_an_event_beyond_the_limit_is_refused_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It could not be sealed, and to leave it out would be to pass something unrecorded."""
    monkeypatch.setattr(module, "ENTRY_BYTES_MAX", 100)
    journal = writer(tmp_path)
    with pytest.raises(JournalError, match="beyond 100"):
        journal.append([event(payload=b"x" * 100)])
    with pytest.raises(JournalError, match="beyond 100"):
        journal.append([event()])
    journal.close()


def test_text_that_is_none_is_refused(tmp_path: Path) -> None:
    """An event that cannot be written is a failure like any other."""
    journal = writer(tmp_path)
    with pytest.raises(JournalError, match="surrogates"):
        journal.append([msgspec.structs.replace(event(), topic="\udcff")])
    journal.close()


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    """Closing twice is allowed; recording afterwards is not."""
    journal = writer(tmp_path)
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="is closed"):
        journal.append([event()])


def test_a_change_of_files_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is synced while traffic waits; the end of the journal is."""
    journal = writer(tmp_path, file_bytes_max=1)
    with monkeypatch.context() as patching:
        patching.setattr(os, "fsync", _fails)
        for _ in range(3):
            journal.append([event()])

    assert 3 == len(journal_files(tmp_path))
    journal.close()


def test_a_sync_that_fails_at_the_end_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is let go all the same, and the descriptor is closed."""
    journal = writer(tmp_path)
    journal.append([event()])
    monkeypatch.setattr(os, "fsync", _fails)
    with pytest.raises(JournalError, match="No space left"):
        journal.close()
    monkeypatch.undo()

    assert -1 == journal._fd
    lock_journal(tmp_path).release()
    with pytest.raises(JournalError, match="No space left"):
        journal.append([event()])


def test_the_size_of_what_is_not_freed_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that the sealer frees meanwhile count as nothing."""
    journal = writer(tmp_path, file_bytes_max=1)
    assert 0 == journal.directory_bytes
    for _ in range(3):
        journal.append([event()])
    first, *others = journal_files(tmp_path)
    size = sum(path.stat().st_size for path in others)
    monkeypatch.setattr(module, "journal_files", lambda _folder: [first, *others])
    first.unlink()

    assert size == journal.directory_bytes
    journal.close()


def _with_header(header: bytes) -> bytes:
    checksum = google_crc32c.value(header)
    return MAGIC + module._LENGTH_CRC.pack(len(header), checksum) + header


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b'{"format":2}', "has journal format 2; this version reads 1: start the version"),
        (b'{"format":1}', "has a header that cannot be read"),
        (b"nonsense", "has a header that cannot be read"),
    ],
)
def test_a_file_of_another_version_is_not_guessed_at(
    tmp_path: Path, header: bytes, message: str
) -> None:
    """Asked again it says the same: its entries are never read as something else."""
    path = tmp_path / "0-b.journal"
    path.write_bytes(_with_header(header) + b"more")
    reader = JournalReader(path)
    for _ in range(2):
        with pytest.raises(DamagedError, match=message):
            reader.read()
    reader.close()


def test_a_header_beyond_the_limit_is_no_header(tmp_path: Path) -> None:
    """The file's bytes are torn, all of them."""
    path = tmp_path / "0-b.journal"
    path.write_bytes(_with_header(b" " * 16_385))

    assert [TornTail(0, path.read_bytes())] == list(read_journal(path))


def test_an_entry_that_is_no_event_is_kept_as_bytes(tmp_path: Path) -> None:
    """Its checksum is right, so it is what was written: perhaps by another version."""
    path = tmp_path / "file"
    content = written(tmp_path / "journal", [event()])
    body = msgspec.msgpack.encode(["from the future", {"more": 1}])
    entry = module._ENTRY.pack(len(body), module._crc(1, body), 1) + body
    path.write_bytes(content + entry)
    first, second = entries(path)

    assert EventKind.EXCHANGE == getattr(first.event, "kind", None)
    assert (1, None, body) == (second.sequence, second.event, bytes(second.raw))


def test_entries_must_follow_each_other(tmp_path: Path) -> None:
    """A whole entry with another number is no continuation: bytes of an older file, perhaps."""
    path = tmp_path / "file"
    content = written(tmp_path / "journal", [event()])
    body = msgspec.msgpack.encode(event())
    entry = module._ENTRY.pack(len(body), module._crc(5, body), 5) + body
    path.write_bytes(content + entry)

    assert [JournalEntry, TornTail] == [type(item) for item in read_journal(path)]


def test_an_entry_that_claims_too_much_is_torn(tmp_path: Path) -> None:
    """Nothing is allocated for it."""
    path = tmp_path / "file"
    content = written(tmp_path / "journal", [event()])
    path.write_bytes(content + module._ENTRY.pack(2**32 - 1, 0, 1) + b"x")

    assert 1 == len(entries(path))


@pytest.mark.parametrize(
    ("name", "expected"), [("00012-b.journal", 12), ("x-b.journal", None), ("-b.journal", None)]
)
def test_a_name_tells_the_first_number(name: str, expected: int | None) -> None:
    """Without opening the file."""
    assert expected == first_sequence_of(Path(name))
