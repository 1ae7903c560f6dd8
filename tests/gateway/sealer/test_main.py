"""The sealer's process: what starts it, what ends it, and what it says when it fails."""

from __future__ import annotations

import json
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.event import EventKind
from gateway.sealer import __main__ as module
from gateway.sealer.lifeline import Lifeline
from gateway.sealer.sealing import encode_options
from tests.gateway.sealer.journals import event, kinds, names, options, record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO

ROOT = Path(__file__).parents[3]


def arguments(folder: Path) -> list[str]:
    """Write the command's options."""
    return [encode_options(options(folder))]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileIO]:
    """The end of our standard input that a supervisor would hold; signals are put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as stdin, os.fdopen(write_end, "wb", buffering=0) as writing:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield writing
    for number, handler in before.items():
        signal.signal(number, handler)


def end_after(monkeypatch: pytest.MonkeyPatch, polls: int, held: FileIO) -> None:
    """Have the input end while the sealer waits for the so manieth time; signals come before."""
    left = [polls]
    is_over = Lifeline.is_over

    def count(lifeline: Lifeline, *, wait_seconds: float) -> bool:
        left[0] -= 1
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        if not left[0]:
            held.close()
        return is_over(lifeline, wait_seconds=wait_seconds)

    monkeypatch.setattr(Lifeline, "is_over", count)


def test_it_ends_with_everything_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: FileIO
) -> None:
    """The end of its input has the rest sealed and the journal freed; signals change nothing."""
    writer = record(tmp_path)
    writer.append([event(EventKind.INTENT, exchange=1)])
    writer.close()
    end_after(monkeypatch, 4, held)

    assert module.main(arguments(tmp_path)) == 0
    assert kinds(tmp_path) == ["intent", "outcome_unknown"]
    assert names(tmp_path) == []


def test_the_end_of_its_input_ends_it(held: FileIO) -> None:
    """What stands in the input means nothing; its end means that the gateway is gone."""
    held.write(b"nonsense")
    lifeline = Lifeline()
    found = [lifeline.is_over(wait_seconds=0) for _ in range(2)]
    held.close()
    found += [lifeline.is_over(wait_seconds=5) for _ in range(2)]

    assert found == [False, False, True, True]


@pytest.mark.usefixtures("held")
def test_a_failure_is_said_as_a_line_of_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that cannot be written ends it with 1 and one line that the operator can find."""
    (tmp_path / "archive").write_text("a file where a folder should be")
    monkeypatch.setattr(sys, "argv", ["sealer", *arguments(tmp_path)])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.delitem(sys.modules, module.__name__)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("gateway.sealer", run_name="__main__")

    assert ended.value.code == 1
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"]) == ("sealer_failed", "critical")
    assert str(tmp_path / "archive") in line["reason"]


def test_a_full_disk_ends_it_and_costs_nothing(tmp_path: Path) -> None:
    """A write that the system cuts short and then refuses is final; the next process goes on."""
    writer = record(tmp_path)
    for _ in range(20):
        writer.append([event(payload=os.urandom(20_000))])
    writer.close()
    # 150 KiB for a file, in blocks of 512 bytes; what goes beyond is written in part, as on a full
    # disk, and then fails.
    limited = ["sh", "-c", 'ulimit -f 300; exec "$0" "$@"']
    command = [sys.executable, "-m", "gateway.sealer", *arguments(tmp_path)]
    failed = subprocess.run(
        [*limited, *command],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )

    assert failed.returncode == 1
    assert "File too large" in json.loads(failed.stderr)["reason"]
    assert len(names(tmp_path)) == 1

    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=True)
    assert kinds(tmp_path) == ["delivered"] * 20


def test_its_line_of_the_log_is_documented() -> None:
    """docs/operating.md says what the line means, after the lines of the gateway itself."""
    page = (ROOT / "docs" / "operating.md").read_text().partition("### The sealer's own line")[2]

    assert "`sealer_failed`" in page


def test_it_runs_as_a_module(tmp_path: Path) -> None:
    """The command that the gateway starts seals while its input is open, and ends with it."""
    writer = record(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-m", "gateway.sealer", *arguments(tmp_path)],
        stdin=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        writer.append([event()])
        deadline = time.monotonic() + 20
        while not list((tmp_path / "archive").rglob("*.partial")) or not kinds(tmp_path):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        writer.close()
        assert process.poll() is None

        process.communicate(timeout=20)
    assert process.returncode == 0
    assert names(tmp_path) == []
