"""A log is brought up to the headers that segments hold, whatever became of either."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError
from gateway.evidence.leaves import newest_keys, stored_headers
from gateway.evidence.verify import verify
from tests.gateway.evidence.log.signed import RECORDER, Recorder
from tests.gateway.evidence.samples import segments_of, small_archive

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Record two segments."""
    made = Recorder(tmp_path)
    made.record(2, 2)
    return made


def faults(recorder: Recorder) -> list[str]:
    """Verify with the root key, and tell the kinds of what is wrong."""
    trust = recorder.trust(is_witnessed=False)
    return [damage.kind.value for damage in verify(recorder.archive, trust=trust).faults]


def test_headers_are_read_in_their_order(recorder: Recorder) -> None:
    """By the seek table, or by walking where that is not sound."""
    path = segments_of(recorder.archive)[0]
    blocks = [stored.header.block for stored in stored_headers(path)]
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    assert [0, 1, 2, 3] == blocks == [stored.header.block for stored in stored_headers(path)]


def test_a_log_that_lost_its_files_is_made_again_from_segments(recorder: Recorder) -> None:
    """Tiles are worth no more than what they tell of."""
    shutil.rmtree(recorder.log.directory / "tile")
    recorder.record(1)

    assert [] == faults(recorder)


def test_an_archive_of_format_1_gets_its_log(tmp_path: Path) -> None:
    """The old headers are its first entries."""
    small_archive(tmp_path / "archive")
    recorder = Recorder(tmp_path)
    recorder.record(1)

    assert [] == faults(recorder)
    assert recorder.log.newest() is not None


def test_recording_goes_on_behind_segments_that_are_gone(recorder: Recorder) -> None:
    """With numbers that were not given before, and what is missing stays told."""
    segments_of(recorder.archive)[1].unlink()
    recorder.record(1)
    told = [stored.header for stored in stored_headers(segments_of(recorder.archive)[1])]

    assert (8, 2, 8) == (told[0].block, told[0].segment, told[0].first_sequence)
    assert {"missing", "chain", "sequence_gap", "listed"} == set(faults(recorder))


def test_segments_and_tiles_gone_together_stop_the_recorder(recorder: Recorder) -> None:
    """Nothing tells any more what was signed."""
    segments_of(recorder.archive)[1].unlink()
    shutil.rmtree(recorder.log.directory / "tile")

    with pytest.raises(ArchiveError, match="record under another instance"):
        recorder.record(1)


def test_the_newest_segment_names_the_keys(recorder: Recorder) -> None:
    """One that is damaged at its start names none."""
    segments = segments_of(recorder.archive)[0].parent
    assert (RECORDER.public.vkey,) == newest_keys(segments)
    for path in segments_of(recorder.archive):
        path.write_bytes(b"x" + path.read_bytes()[1:])

    assert () == newest_keys(segments)
