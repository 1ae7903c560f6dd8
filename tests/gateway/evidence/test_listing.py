"""The list of an origin's files is always true of the files that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.block import CloseReason
from gateway.evidence.log.signify import check_signed
from gateway.evidence.sums import KEY_FILE, LIST, decode_sums, file_sum
from gateway.evidence.writer import ArchiveWriter
from tests.gateway.evidence.log.signed import LOG, RECORDER, Recorder, ed25519, signing
from tests.gateway.evidence.samples import abandon, rows, segments_of

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.log.signing import Signer

NEW = ed25519(LOG, 4)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Record two segments."""
    made = Recorder(tmp_path)
    made.record(1, 1)
    return made


def listed(recorder: Recorder, signer: Signer = RECORDER) -> dict[str, str]:
    """Return the list, which must be true of every file that it names."""
    directory = recorder.archive / recorder.origin
    content = (directory / LIST).read_bytes()
    sums = decode_sums(check_signed(content, [signer.public], key_file=KEY_FILE))
    assert sums == {path: file_sum(directory / path) for path in sums}
    return sums


def test_all_files_are_listed_when_recording_has_ended(recorder: Recorder) -> None:
    """But for locks, and the list itself."""
    directory = recorder.archive / recorder.origin
    files = {
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    }

    assert files - {LIST, "sealer.lock", "log.lock"} == set(listed(recorder)) - {"../archive.json"}
    assert "../archive.json" in listed(recorder)


def test_while_recording_goes_on_what_changes_is_not_listed(recorder: Recorder) -> None:
    """From before the first change on, so that the list is true even when the writer dies."""
    writer = ArchiveWriter(recorder.archive, recorder.origin, recorder.options())
    opened = set(listed(recorder))
    writer.append(rows(writer.next_sequence, 2))
    writer.checkpoint()
    assert opened == set(listed(recorder))
    writer.seal(CloseReason.TIME)
    sealed = set(listed(recorder))
    abandon(writer)

    assert "log/checkpoint" not in opened | sealed
    assert {segments_of(recorder.archive)[2].name, f"{9:020d}"} == {
        path.rpartition("/")[2] for path in sealed - opened
    }


def test_a_file_that_was_changed_keeps_its_hash_in_the_list(recorder: Recorder) -> None:
    """And one that is gone its line: the list does not follow what somebody does."""
    first, second = segments_of(recorder.archive)
    before = listed(recorder)
    first.write_bytes(first.read_bytes()[:-1] + b"x")
    recorder.record(1)
    directory = recorder.archive / recorder.origin
    content = (directory / LIST).read_bytes()
    after = decode_sums(check_signed(content, [RECORDER.public], key_file=KEY_FILE))
    path = f"segments/{first.name}"

    assert before[path] == after[path] != file_sum(first)
    assert f"segments/{second.name}" in after


def test_a_new_key_signs_the_list_once_it_signed_the_log(recorder: Recorder) -> None:
    """Until then the old one does, which is the one that the log knows."""
    recorder.how = signing(recorder.folder, NEW, previous=RECORDER)
    writer = ArchiveWriter(recorder.archive, recorder.origin, recorder.options())
    writer.append(rows(writer.next_sequence, 2))
    before = listed(recorder)
    writer.checkpoint()
    after = listed(recorder, NEW)
    writer.close()

    # The file with the key changes a moment before the list does.
    assert {KEY_FILE} == set(after) - set(before)
    assert "log/checkpoint" not in after
    assert "log/checkpoint" in listed(recorder, NEW)


@pytest.mark.parametrize("content", [b"", b"somebody else's list\n"])
def test_a_list_that_is_not_ours_is_kept_aside(recorder: Recorder, content: bytes) -> None:
    """Under a name that tells what it holds; the files are hashed anew."""
    before = listed(recorder)
    path = recorder.archive / recorder.origin / LIST
    path.write_bytes(content)
    kept = path.with_name(f"{LIST}.{file_sum(path)[:16]}")
    recorder.record(1)

    assert content == kept.read_bytes()
    assert set(before) < set(listed(recorder))
