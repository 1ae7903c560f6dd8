"""Anybody can be shown that the log holds an event, without the archive."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError
from gateway.evidence.log.proof import decode_proof
from gateway.evidence.prove import prove_event
from tests.gateway.evidence.log.signed import Recorder
from tests.gateway.evidence.samples import ORIGIN, segments_of, small_archive

if TYPE_CHECKING:
    from pathlib import Path


def test_every_event_can_be_proved(tmp_path: Path) -> None:
    """The entry names the frame that holds it."""
    recorder = Recorder(tmp_path)
    recorder.record(2, 1)
    segment = segments_of(recorder.archive)[0].read_bytes()
    for sequence in range(6):
        proof, entry = prove_event(recorder.archive, ORIGIN, sequence)
        header = json.loads(entry)

        assert decode_proof(proof.encode()).check(entry).size == 7
        assert header["first_sequence"] <= sequence <= header["last_sequence"]
        start = segment.find(entry) + len(entry) + 66
        frame = segment[start : start + header["frame_bytes"]]
        assert (sequence > 3) or hashlib.sha256(frame).hexdigest() == header["frame_sha256"]


def test_what_cannot_be_proved_is_said(tmp_path: Path) -> None:
    """No such origin or event, no log, a log that is damaged."""
    recorder = Recorder(tmp_path)
    recorder.record(1)
    small_archive(tmp_path / "unsigned")

    for archive, origin, sequence, why in (
        (recorder.archive, "other", 0, "has no origin other"),
        (recorder.archive, ORIGIN, 2, "holds event 2"),
        (tmp_path / "unsigned", ORIGIN, 0, "no signed log"),
    ):
        with pytest.raises(ArchiveError, match=why):
            prove_event(archive, origin, sequence)
    (recorder.log.directory / "tile" / "0" / "000.p" / "3").write_bytes(b"")
    with pytest.raises(ArchiveError, match="is damaged, verify it"):
        prove_event(recorder.archive, ORIGIN, 0)
