"""Witnesses are asked while the log grows, and missed when they do not answer."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.folder import CHECKPOINT, LogFolder, log_directory
from gateway.evidence.log.heard import NAME, silence_seconds
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.note import decode_note
from gateway.sealer import witnessing as module
from gateway.sealer.apart import sealer_command
from gateway.sealer.keys import load_signing
from gateway.sealer.witnessing import Witnessing, WitnessOptions
from gateway.witness.memory import Memory
from gateway.witness.witness import Witness
from tests.gateway.evidence.log.signed import WITNESS
from tests.gateway.sealer.journals import ORIGIN, event, options, record
from tests.gateway.witness.logs import GrowingLog, served, witness

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = WitnessOptions(url="http://127.0.0.1:1", key=WITNESS.public.vkey)


def said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    """Return the lines that were written."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def is_cosigned(folder: LogFolder) -> bool:
    """Tell whether the newest checkpoint has the witness's cosignature."""
    return bool(verify_note(decode_note(folder.read(CHECKPOINT)), [WITNESS.public]))


def test_what_is_new_is_cosigned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing is said of it."""
    log = GrowingLog(tmp_path / "gateway")
    with served(witness(tmp_path / "memory")) as url:
        asking = Witnessing(
            log.folder, [WitnessOptions(url=url, key=WITNESS.public.vkey)], tmp_path
        )
        asking.ask()
        assert silence_seconds(tmp_path) is None
        for size in (3, 5):
            log.grow(size)
            asking.ask()
            assert is_cosigned(log.folder)
        noted = (tmp_path / NAME).read_bytes()
        asking.ask()

    assert [] == said(capsys)
    assert silence_seconds(tmp_path) is not None
    # Nobody was asked, so nobody was heard.
    assert noted == (tmp_path / NAME).read_bytes()


def test_a_witness_that_is_away_is_missed_and_noticed_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once at first, then from time to time, and when it is back."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    asking = Witnessing(log.folder, [NOBODY], tmp_path)
    asking.ask()
    asking.ask()
    (told,) = said(capsys)
    assert ("witness_missing", "error", WITNESS.public.name, 0) == (
        told["event"],
        told["level"],
        told["witness"],
        told["missing_seconds"],
    )
    monkeypatch.setattr(module, "ALARM_SECONDS", 0.0)
    asking.ask()
    assert ["witness_missing"] == [line["event"] for line in said(capsys)]
    assert silence_seconds(tmp_path) is None

    with served(witness(tmp_path / "memory")) as url:
        asking._asked[0].url = url
        asking.ask()
    assert ["witness_back"] == [line["event"] for line in said(capsys)]


def test_missing_witnesses_take_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dozen dead ones, ten seconds each, must not make the one that answers look silent."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    with served(witness(tmp_path / "memory")) as url:
        living = WitnessOptions(url=url, key=WITNESS.public.vkey)
        asking = Witnessing(log.folder, [NOBODY, NOBODY, living, NOBODY], tmp_path)
        asking.ask()
        missed = []
        for size in (4, 5, 6, 7):
            log.grow(size)
            before = [each.missed_at for each in asking._asked]
            asking.ask()
            assert is_cosigned(log.folder)
            after = [each.missed_at for each in asking._asked]
            missed.append([n for n in range(4) if before[n] != after[n]])

    assert [[0], [1], [3], [0]] == missed
    assert ["witness_missing"] * 3 == [line["event"] for line in said(capsys)]


def test_a_refusal_is_told_with_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may be the first sign of a second history."""
    with served(witness(tmp_path / "memory")) as url:
        asked = [WitnessOptions(url=url, key=WITNESS.public.vkey)]
        for name, salt in (("true", b""), ("forged", b"forged ")):
            log = GrowingLog(tmp_path / name, salt=salt)
            log.grow(7)
            Witnessing(log.folder, asked, tmp_path).ask()
    (told,) = said(capsys)

    assert "another tree of 7 leaves was cosigned" in str(told["reason"])


def test_a_key_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    """Not when somebody verifies."""
    with pytest.raises(ProofError):
        Witnessing(LogFolder(tmp_path), [WitnessOptions(url="http://a", key="nonsense")], tmp_path)


def test_a_sealer_ends_with_everything_cosigned(tmp_path: Path) -> None:
    """The last checkpoint, too, and the thread ends with it."""
    writer = record(tmp_path)
    writer.append([event()])
    writer.close()
    key = load_signing(None, tmp_path / "journal", ORIGIN).signers[0].public
    cosigner = Witness(WITNESS, {key.name: [key]}, Memory(tmp_path / "memory"))
    with served(cosigner) as url:
        asked = (WitnessOptions(url=url, key=WITNESS.public.vkey), NOBODY)
        made = msgspec.structs.replace(options(tmp_path), witnesses=asked)
        done = subprocess.run(
            sealer_command(made), stdin=subprocess.DEVNULL, capture_output=True, check=True
        )

    assert is_cosigned(LogFolder(log_directory(tmp_path / "archive", ORIGIN)))
    assert ["witness_missing"] == [json.loads(line)["event"] for line in done.stderr.splitlines()]
