"""A log is checked against the headers of its origin, each bit of both.

test_attacks.py has the attacks; here is what can happen without anybody's will.
"""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.archive import MARKER
from gateway.evidence.log.folder import CHECKPOINT, ROOT
from gateway.evidence.log.note import decode_note
from gateway.evidence.verify import verify
from tests.gateway.evidence.log.signed import START_S, WITNESS, Recorder, ed25519
from tests.gateway.evidence.samples import segments_of

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.damage import Damage

IS_THOROUGH = "STREAMWITNESS_THOROUGH" in os.environ


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Record two short segments, cosigned."""
    made = Recorder(tmp_path)
    made.record(1, 1)
    made.cosign()
    return made


def damages(recorder: Recorder) -> list[Damage]:
    """Verify with the root key and the witness."""
    return verify(recorder.archive, trust=recorder.trust()).damages


def kinds(recorder: Recorder) -> list[str]:
    """Tell the kinds of everything that is told."""
    return [damage.kind.value for damage in damages(recorder)]


def test_a_cosignature_that_is_kept_elsewhere_counts(tmp_path: Path) -> None:
    """When recording has ended none can be added; it counts for the newest checkpoint alone."""
    made = Recorder(tmp_path)
    made.record(1, 1)
    note = decode_note(made.log.read(CHECKPOINT))
    late = note.signed_also([WITNESS.sign(note.text, time_s=START_S + 7)])
    stranger = note.signed_also([ed25519("stranger", 9, is_cosigner=True).sign(note.text)])
    without = verify(made.archive, trust=made.trust()).faults
    found = verify(made.archive, trust=made.trust(late))
    by_a_stranger = verify(made.archive, trust=made.trust(stranger)).faults
    made.record(1)
    grown = verify(made.archive, trust=made.trust(late)).faults

    assert ([], {WITNESS.public.name: START_S + 7}) == (found.faults, found.origins[0].log.cosigned)
    assert [1, 2, 1] == [len(without), len(by_a_stranger), len(grown)]
    assert {"witness"} == {str(each.kind) for each in (*without, *by_a_stranger, *grown)}


def test_what_is_covered_is_told(recorder: Recorder) -> None:
    """How far the newest checkpoint reaches, under which name and keys."""
    log = verify(recorder.archive, trust=recorder.trust()).origins[0].log

    assert ("example.com/gateway-1", 6, 3, 0) == (
        log.log,
        log.size,
        log.covered_sequence,
        log.uncovered_events,
    )
    assert (True, 1, ["witness.example/w1"]) == (
        log.is_root_given,
        len(log.keys),
        list(log.cosigned),
    )


def test_any_changed_bit_is_found_and_its_file_named(recorder: Recorder) -> None:
    """Here and there in each file; everywhere with STREAMWITNESS_THOROUGH in the environment."""
    bits = range(8) if IS_THOROUGH else [random.randrange(8)]
    step = 1 if IS_THOROUGH else 47
    checked = 0
    for path in sorted(path for path in recorder.archive.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for place in range(random.randrange(step), len(content), step):
            for bit in bits:
                changed = bytes([content[place] ^ 1 << bit])
                path.write_bytes(content[:place] + changed + content[place + 1 :])
                faults = [each for each in damages(recorder) if not each.is_information]
                named = {each.segment.rpartition("/")[2] or MARKER for each in faults}
                assert path.name in named, f"{path.name}, byte {place}, bit {bit}: {named}"
                checked += 1
        path.write_bytes(content)

    assert checked > (80_000 if IS_THOROUGH else 200)


@pytest.mark.parametrize("name", [CHECKPOINT, ROOT])
def test_a_file_that_is_gone_is_told(recorder: Recorder, name: str) -> None:
    """As are its consequences."""
    (recorder.log.directory / name).unlink()

    assert ("checkpoint" if name == CHECKPOINT else "log_file") in kinds(recorder)


def test_a_checkpoint_that_leads_nowhere_is_told(recorder: Recorder) -> None:
    """Where neither tiles nor headers fit it, nothing is called covered."""
    (recorder.log.directory / "tile" / "0" / "000.p" / "6").write_bytes(b"x" * 192)
    (recorder.log.directory / "tile" / "entries" / "000.p" / "6").write_bytes(b"")
    segments_of(recorder.archive)[0].unlink()

    assert "checkpoint" in kinds(recorder)
    assert 0 == verify(recorder.archive, trust=recorder.trust()).origins[0].log.size


def test_headers_alone_tell_the_tree_as_well(recorder: Recorder) -> None:
    """The files that should have are named, and the segments are covered all the same."""
    (recorder.log.directory / "tile" / "0" / "000.p" / "6").write_bytes(b"x" * 192)
    (recorder.log.directory / "tile" / "entries" / "000.p" / "6").write_bytes(b"")

    assert ["log_file", "log_file", "listed", "listed"] == kinds(recorder)
