"""A selection: what was left out is told and never called whole; nothing else may be missing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.claims import not_shown
from gateway.evidence.damage import DamageKind
from gateway.evidence.errors import DamagedError
from gateway.evidence.selection import (
    SELECTION,
    left_out_of,
    read_selection,
    selection_damages,
)
from gateway.evidence.verify import Verdict, Verification, verify
from tests.gateway.evidence.golden import GOLDEN
from tests.gateway.evidence.log.signed import Recorder
from tests.gateway.evidence.partial import declare, leave_out
from tests.gateway.evidence.samples import ORIGIN, kinds, segments_of, small_archive

if TYPE_CHECKING:
    from pathlib import Path


def fault_kinds(verification: Verification) -> set[str]:
    """Return the kinds of the faults."""
    return {damage.kind.value for damage in verification.faults}


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Record four segments of two blocks of two events, with a signed log."""
    made = Recorder(tmp_path)
    made.record(2, 2, 2, 2)
    return made


@pytest.mark.parametrize("numbers", [(0,), (1,), (3,), (1, 2), (0, 3), (0, 2)])
def test_a_declared_selection_is_no_damage_and_not_whole(
    recorder: Recorder, numbers: tuple[int, ...]
) -> None:
    """Wherever the segments were: what is missing is told, with the events that it held."""
    whole = verify(recorder.archive, trust=recorder.trust(is_witnessed=False))
    runs = leave_out(recorder.archive, *numbers)

    found = verify(recorder.archive, trust=recorder.trust(is_witnessed=False))

    assert ([], Verdict.SELECTION) == (found.faults, found.verdict)
    assert Verdict.WHOLE == whole.verdict
    told = [each for each in found.notices if each.kind is DamageKind.NOT_SELECTED]
    assert [(run.first_sequence, run.last_sequence) for run in runs] == [
        (each.first_sequence, each.last_sequence) for each in told
    ]
    assert {"not_selected"} == {each.kind.value for each in found.notices}
    assert 4 * len(numbers) == found.origins[0].left_out_events
    assert f"The {4 * len(numbers)} events of {ORIGIN}" in not_shown(found.origins)[0]
    # The log is checked as a whole: its keys, and up to its end.
    assert whole.origins[0].log == found.origins[0].log


@pytest.mark.parametrize("number", [0, 1, 2])
def test_more_than_was_declared_may_not_be_missing(recorder: Recorder, number: int) -> None:
    """A declaration of one segment does not cover its neighbour."""
    leave_out(recorder.archive, 1)
    segments_of(recorder.archive)[number].unlink()

    found = verify(recorder.archive, trust=recorder.trust(is_witnessed=False))

    assert Verdict.DAMAGED == found.verdict
    assert "missing" in fault_kinds(found)


def test_without_a_log_sequence_numbers_find_what_was_not_declared(tmp_path: Path) -> None:
    """The segment before the declared one is missed by its events."""
    archive = small_archive(tmp_path / "archive")
    leave_out(archive, 1)
    segments_of(archive)[0].unlink()

    assert {"sequence_gap"} == fault_kinds(verify(archive))


def test_what_is_there_cannot_be_declared_as_left_out(recorder: Recorder) -> None:
    """A run that reaches over a segment contradicts it."""
    (run,) = leave_out(recorder.archive, 1)
    longer = msgspec.structs.replace(run, last_sequence=run.last_sequence + 4)
    declare(recorder.archive, [longer])

    assert {"chain", "sequence_overlap"} & fault_kinds(verify(recorder.archive))


def test_a_run_must_begin_where_it_is_said_to(tmp_path: Path) -> None:
    """Its first header follows the last one that is there."""
    archive = small_archive(tmp_path / "archive")
    (run,) = leave_out(archive, 1)
    declare(archive, [msgspec.structs.replace(run, first_block=run.first_block + 1)])

    assert {"chain"} == fault_kinds(verify(archive))


def test_a_change_of_key_in_what_was_left_out_is_followed(tmp_path: Path) -> None:
    """The signed log holds the header that made it."""
    archive = tmp_path / "archive"
    shutil.copytree(GOLDEN, archive)
    keys = len(verify(GOLDEN).origins[0].log.keys)
    leave_out(archive, 1)

    found = verify(archive)

    assert ([], Verdict.SELECTION) == (found.faults, found.verdict)
    assert (2, 2) == (keys, len(found.origins[0].log.keys))


def test_what_the_log_does_not_tell_stays_missing(recorder: Recorder) -> None:
    """A selection leans on the log's entries: without them nobody can say what was left out."""
    leave_out(recorder.archive, 1)
    shutil.rmtree(recorder.log.directory / "tile" / "entries")

    found = verify(recorder.archive)

    assert {"missing", "log_file", "listed"} == fault_kinds(found)


def test_an_origin_that_was_left_out_is_told(tmp_path: Path) -> None:
    """Nobody takes the rest for all that recorded."""
    archive = tmp_path / "archive"
    shutil.copytree(GOLDEN, archive)
    shutil.rmtree(archive / "gateway-2")
    declare(archive, [], "gateway-2")

    found = verify(archive)

    assert Verdict.SELECTION == found.verdict
    assert [("gateway-2", SELECTION)] == [
        (each.origin, each.segment)
        for each in found.notices
        if each.kind is DamageKind.NOT_SELECTED
    ]
    assert "not_selected" in kinds(archive)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"streamwitness_selection":2}', b"\xff"])
def test_a_selection_that_cannot_be_read_excuses_nothing(
    recorder: Recorder, content: bytes
) -> None:
    """It is damage itself, and what is missing is missing."""
    leave_out(recorder.archive, 1)
    (recorder.archive / SELECTION).write_bytes(content)

    with pytest.raises(DamagedError, match=SELECTION):
        read_selection(recorder.archive)
    assert () == left_out_of(recorder.archive, ORIGIN)
    assert ["marker"] == [each.kind for each in selection_damages(recorder.archive)]
    assert {"marker", "missing"} <= fault_kinds(verify(recorder.archive))


def test_no_flip_of_a_bit_makes_a_selection_whole(recorder: Recorder) -> None:
    """Whatever becomes of the declaration, what is not there is not overlooked."""
    leave_out(recorder.archive, 1)
    path = recorder.archive / SELECTION
    content = path.read_bytes()
    verdicts = set()
    for place in range(len(content) * 8):
        changed = bytearray(content)
        changed[place // 8] ^= 1 << place % 8
        path.write_bytes(bytes(changed))
        verdicts.add(verify(recorder.archive).verdict)

    assert len(content) > 100
    assert {Verdict.DAMAGED} == verdicts


def test_an_archive_without_a_declaration_is_no_selection(recorder: Recorder) -> None:
    """Nothing changes for the archives of gateways."""
    assert read_selection(recorder.archive) is None
    assert [] == selection_damages(recorder.archive)
