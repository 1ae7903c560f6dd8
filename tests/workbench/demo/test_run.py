"""The command: what a run leaves behind, and how it ends when it cannot go on."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from rich.console import Console

from tests.workbench.demo.conftest import MARK, STREAMWITNESS, Demo, run_demo
from workbench.demo.cast import Accounts
from workbench.demo.processes import LOOPBACK, free_ports
from workbench.demo.run import Options, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def left_running(mark: str) -> list[str]:
    """Return the command lines of the processes that carry the mark of a run."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_a_run_ends_well(demo: Demo) -> None:
    """Every stage is named, every answer is right, and nothing is left running."""
    assert demo.exit_code == 0, demo.output + demo.errors
    assert demo.errors == ""
    assert demo.output.count("✓") == 8
    assert left_running(demo.mark) == []


def test_a_run_says_what_it_found_and_where_it_lies(demo: Demo) -> None:
    """Whoever ran it knows the verdicts, the files, and what to do next."""
    words = " ".join(demo.output.replace("│", " ").split())

    assert "Was anything written past the gateway?" in words
    assert "L4" in words
    assert "No rule of this gateway holds requests" in words
    for command in ("jupyter lab", "streamwitness verify", "streamwitness tables"):
        assert command in words, demo.output


def test_a_run_leaves_its_files_behind(demo: Demo) -> None:
    """The evidence, what the clients noted, and the logs; the journal is empty."""
    assert (demo.folder.archive / "archive.json").is_file()
    assert demo.folder.ground_truth.is_file()
    assert demo.folder.report.read_text().startswith("<!DOCTYPE html>")
    assert {"broker", "clients", "gateway", "report"} == {
        path.stem for path in (demo.folder.root / "logs").iterdir()
    }
    assert list(demo.folder.root.glob("journal/**/*.journal")) == []


def test_the_report_is_the_same_when_it_is_built_again(demo: Demo, tmp_path: Path) -> None:
    """Whoever has the archive gets the same bytes from the command that the demo shows."""
    shown = "build the report again"
    [line] = [line for line in demo.output.splitlines() if line.startswith(shown)]
    _, *arguments = shlex.split(line.removeprefix(shown))
    subprocess.run([STREAMWITNESS, *arguments], check=True, cwd=tmp_path)

    assert demo.folder.report.read_bytes() == (tmp_path / "again.html").read_bytes()


def test_the_notebook_was_executed(demo: Demo) -> None:
    """Every cell ran and none failed; it looks for the archive beside itself."""
    notebook = json.loads(demo.folder.notebook.read_text())
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]

    assert list(range(1, len(cells) + 1)) == [cell["execution_count"] for cell in cells]
    assert "error" not in {out["output_type"] for cell in cells for out in cell["outputs"]}
    assert any("archive = 'archive'" in "".join(cell["source"]) for cell in cells)


def test_the_verify_command_finds_the_archive_whole(demo: Demo) -> None:
    """What the demo tells its user to type works, and agrees."""
    done = subprocess.run(
        [STREAMWITNESS, "verify", demo.folder.archive, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert json.loads(done.stdout)["verdict"] == "whole"


def test_the_gateway_met_no_fault_of_its_own(demo: Demo) -> None:
    """No defect stands in its log, and no client spoke another protocol."""
    events = [
        json.loads(line)["event"]
        for line in demo.folder.log("gateway").read_text().splitlines()
        if line.startswith("{")
    ]

    assert not {"defect", "sealer_died", "recording_stopped", "drain_timed_out"} & set(events)
    assert events[-1] == "stopped"


def test_a_folder_with_content_is_refused(tmp_path: Path) -> None:
    """Exit code 2, a sentence about what to do, and nothing touched."""
    (tmp_path / "notes.txt").write_text("mine")

    done = run_demo(tmp_path)

    assert done["exit_code"] == 2
    assert "give --out a new or empty folder" in " ".join(str(done["output"]).split())
    assert [tmp_path / "notes.txt"] == list(tmp_path.iterdir())


def test_a_message_names_the_folder_as_it_is(tmp_path: Path) -> None:
    """What the terminal would take for an emoji or a style is a name."""
    folder = tmp_path / ":cat:[x]"
    (folder / "notes").mkdir(parents=True)
    stream = io.StringIO()

    assert run(Options(out=folder), Console(file=stream, width=1000)) == 2
    assert str(folder) in stream.getvalue()


def test_a_slip_in_the_address_leaves_the_folder_free_for_the_next_try(tmp_path: Path) -> None:
    """Exit code 2 before anything is made."""
    done = run_demo(tmp_path / "out", "--broker", "nonsense")

    assert done["exit_code"] == 2
    assert "'nonsense' is no address of a broker" in str(done["output"])
    assert not (tmp_path / "out").exists()


def test_a_cluster_that_does_not_answer_ends_the_demo(tmp_path: Path) -> None:
    """Exit code 1, with the address and the place of the logs."""
    address = f"{LOOPBACK}:{free_ports(1)}"

    done = run_demo(tmp_path / "out", "--broker", address)
    said = "".join(str(done["output"]).split())

    assert done["exit_code"] == 1
    assert address in said
    assert str(tmp_path / "out" / "logs") in said
    assert left_running(str(done["mark"])) == []


def test_a_broken_broker_ends_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, and the log with the reason is named."""
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o700)
    monkeypatch.setenv("CALF_TANSU_BIN", str(broken))

    done = run_demo(tmp_path / "out")

    assert done["exit_code"] == 1
    assert str(tmp_path / "out" / "logs" / "broker.log") in "".join(str(done["output"]).split())


@pytest.mark.parametrize(
    ("moment", "number"),
    [("starting", signal.SIGHUP), ("playing", signal.SIGINT), ("reporting", signal.SIGTERM)],
)
def test_an_interrupted_run_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals, moment: str
) -> None:
    """Ctrl-C, kill and a closed terminal end it with exit code 130 and its children with it."""
    out, mark = tmp_path / "out", str(tmp_path)
    is_time: dict[str, Callable[[], bool]] = {
        "starting": (out / "logs" / "gateway.log").exists,
        "playing": lambda: list(out.glob("archive/*/segments/*")) != [],
    }
    is_time["reporting"] = lambda: any("kernel" in each for each in left_running(mark))
    with (tmp_path / "output").open("w") as output:
        process = subprocess.Popen(
            [STREAMWITNESS, "demo", "--out", out, "--no-open"],
            env=os.environ | {MARK: mark},
            stdout=output,
            stderr=output,
        )
    deadline = time.monotonic() + 60
    while not is_time[moment]():
        assert time.monotonic() < deadline
        assert process.poll() is None, (tmp_path / "output").read_text()
        time.sleep(0.05)
    process.send_signal(number)

    assert process.wait(60) == 130
    assert "Interrupted" in (tmp_path / "output").read_text()
    assert left_running(mark) == []


def test_no_password_is_left_behind(demo: Demo) -> None:
    """Neither the configuration nor a log has anything but hashes."""
    length = len(next(iter(Accounts.create().passwords.values())))
    config = demo.folder.gateway_config.read_text()

    assert "password:" not in config
    assert all(len(line.split()[-1]) > length for line in config.splitlines() if "_hash" in line)
