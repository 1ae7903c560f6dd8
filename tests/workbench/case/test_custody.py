"""The custody log: appended durably, chained by hashes, and closed to what is not sound."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.lock import FileLock
from tests.workbench.case.cases import lines, new_case, rewrite
from workbench.case import custody as module
from workbench.case.custody import (
    CUSTODY,
    LOCK,
    NOTHING_BEFORE,
    Action,
    CustodyLog,
    Thing,
    decode_custody,
)
from workbench.case.errors import CaseError

if TYPE_CHECKING:
    from pathlib import Path


def test_an_entry_says_who_did_what_to_what_when_and_with_which_tool(tmp_path: Path) -> None:
    """The name is the given one; user and host are the operating system's."""
    case = new_case(tmp_path)
    case.log.append(Action.NOTED, Thing(name="x", sha256="a" * 64), {"text": "é"})

    entry = json.loads(lines(case)[-1])
    assert ("Ada", "noted", 3, 1) == (
        entry["actor"]["name"],
        entry["action"],
        entry["sequence"],
        entry["format"],
    )
    assert {"name": "x", "sha256": "a" * 64} == entry["thing"]
    assert {"text": "é"} == entry["details"]
    assert entry["actor"]["user"]
    assert entry["actor"]["host"]
    assert entry["time"].endswith("Z")
    assert entry["tool"].startswith("streamwitness ")


def test_each_line_carries_the_hash_of_the_line_before_it(tmp_path: Path) -> None:
    """Any program that knows SHA-256 can follow the chain."""
    case = new_case(tmp_path)

    stored = lines(case)
    digests = [hashlib.sha256(line).hexdigest() for line in stored]
    stated = [json.loads(line)["previous_sha256"] for line in stored]
    assert [NOTHING_BEFORE, *digests[:-1]] == stated
    assert digests[-1] == case.log.read().head


def test_every_change_of_a_bit_is_found_against_the_head(tmp_path: Path) -> None:
    """Each flip makes a flaw, or another head than the one that was noted."""
    case = new_case(tmp_path)
    content = b"".join(lines(case))
    head = case.log.read().head
    missed = []
    for place in range(len(content) * 8):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        found = decode_custody(bytes(changed))
        if found.flaw is None and found.head == head:
            missed.append(place)

    assert len(content) > 500
    assert [] == missed


@pytest.mark.parametrize(
    ("order", "line"),
    [((0, 2), 2), ((1, 2), 1), ((0, 2, 1), 2), ((0, 1, 1, 2), 3), ((2, 1, 0), 1)],
)
def test_missing_doubled_and_moved_lines_are_found(
    tmp_path: Path, order: tuple[int, ...], line: int
) -> None:
    """The first line in a wrong place is named, and nothing from it on is believed."""
    case = new_case(tmp_path)
    stored = lines(case)
    rewrite(case, *(stored[place] for place in order))

    found = case.log.read()

    assert found.flaw is not None
    assert line == found.flaw.line
    assert line - 1 == len(found.entries)


def test_a_changed_line_is_named_although_the_next_one_tells(tmp_path: Path) -> None:
    """The line that was altered is the bad one, not the one that notices."""
    case = new_case(tmp_path)
    case.note("third")
    first, second, *others = lines(case)
    rewrite(case, first, second.replace(b"first", b"FIRST"), *others)

    flaw = case.log.read().flaw

    assert flaw is not None
    assert (2, True) == (flaw.line, "line 3 was written after" in flaw.message)


def test_the_end_may_be_cut_without_a_trace_in_the_log(tmp_path: Path) -> None:
    """That is why the head is to be noted elsewhere."""
    case = new_case(tmp_path)
    head = case.log.read().head
    rewrite(case, *lines(case)[:-1])

    found = case.log.read()

    assert found.flaw is None
    assert head not in found.digests


@pytest.mark.parametrize("torn", [b'{"format":1', b"garbage\n", b"{}\n"])
def test_nothing_is_added_to_a_log_that_is_not_sound(tmp_path: Path, torn: bytes) -> None:
    """An entry behind a broken one would make it look as if somebody had accepted that."""
    case = new_case(tmp_path)
    rewrite(case, *lines(case), torn)
    before = (case.folder / CUSTODY).read_bytes()

    with pytest.raises(CaseError, match="line 4"):
        case.note("more")

    assert before == (case.folder / CUSTODY).read_bytes()


def test_a_line_of_countless_brackets_is_a_flaw(tmp_path: Path) -> None:
    """Nobody may keep the log from being read by adding to it."""
    case = new_case(tmp_path)
    content = (case.folder / CUSTODY).read_bytes()
    deep = b'{"details":{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}}\n"
    custody = decode_custody(content + deep)

    assert custody.flaw is not None
    assert (4, 3) == (custody.flaw.line, len(custody.entries))


def test_a_log_begins_once(tmp_path: Path) -> None:
    """A second beginning would put the first out of sight."""
    case = new_case(tmp_path)
    before = lines(case)

    with pytest.raises(CaseError, match="cannot be written"):
        case.log.append(Action.CASE_CREATED)
    (case.folder / CUSTODY).write_bytes(b"")
    with pytest.raises(CaseError, match="no entries"):
        case.note("x")

    assert 3 == len(before)


def test_a_log_that_is_gone_is_told(tmp_path: Path) -> None:
    """Nobody takes a case without its log for one in which nothing happened."""
    case = new_case(tmp_path)
    (case.folder / CUSTODY).unlink()

    with pytest.raises(CaseError, match="cannot be read"):
        case.note("x")


def test_writers_wait_for_each_other(tmp_path: Path) -> None:
    """Two notebooks on one case make one chain."""
    case = new_case(tmp_path)
    logs = [CustodyLog(case.folder, f"writer {number}") for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(log.append, Action.NOTED) for log in logs for _ in range(5)]
        for each in done:
            each.result()

    found = case.log.read()
    assert found.flaw is None
    assert 23 == len(found.entries)


def test_who_never_gets_the_lock_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that hangs does not hang the others for ever."""
    case = new_case(tmp_path)
    monkeypatch.setattr(module, "_LOCK_WAIT_SECONDS", 0.05)
    lock = FileLock(case.folder / LOCK, what="holds it")
    try:
        with pytest.raises(CaseError, match="another process writes the custody log"):
            case.note("x")
    finally:
        lock.release()


def test_an_entry_is_synced_before_it_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk does not take it, whoever acted is told."""
    case = new_case(tmp_path)

    def fail(fd: int) -> None:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CaseError, match="cannot be written"):
        case.note("x")


def test_a_user_without_a_name_is_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container there may be no name for it."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    case = new_case(tmp_path)

    assert f"uid {os.getuid()}" == case.log.read().entries[0].actor.user
