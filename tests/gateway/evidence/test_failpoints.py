"""A failpoint kills where and when it is told to, and otherwise does nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from gateway.evidence.failpoints import VARIABLE, Failpoint
from tests.house.tree import ROOT, modules, report

TWO_FAILPOINTS_TWICE = """
from gateway.evidence.failpoints import Failpoint, reach
for _ in range(2):
    for each in (Failpoint.JOURNAL_APPENDED, Failpoint.BLOCK_WRITTEN):
        reach(each)
        print(each, flush=True)
"""


def passing(armed: str | None) -> subprocess.CompletedProcess[str]:
    """Run a process that passes two failpoints twice, with the variable set to something."""
    environment = dict(os.environ) if armed is None else {**os.environ, VARIABLE: armed}
    return subprocess.run(
        [sys.executable, "-c", TWO_FAILPOINTS_TWICE],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_happens_at_a_failpoint_that_nobody_armed() -> None:
    """Production passes them all."""
    done = passing(None)

    assert (0, 4) == (done.returncode, len(done.stdout.splitlines()))


@pytest.mark.parametrize(
    ("armed", "passed"),
    [
        ("journal.appended:1", 0),
        ("segment.block_written:1", 1),
        ("journal.appended:2", 2),
        ("segment.block_written:2", 3),
    ],
)
def test_a_process_dies_at_the_pass_that_was_told(armed: str, passed: int) -> None:
    """As by kill -9, and not at another failpoint before."""
    done = passing(armed)

    assert (-signal.SIGKILL, passed) == (done.returncode, len(done.stdout.splitlines()))


@pytest.mark.parametrize(
    "armed", ["journal.apended:1", "journal.appended", "journal.appended:0", "segment:1", ""]
)
def test_a_failpoint_that_is_misspelled_is_told(armed: str) -> None:
    """A test that waits for a death which never comes would pass for nothing."""
    done = passing(armed)

    assert 1 == done.returncode
    assert f"{VARIABLE} is {armed!r}: write NAME:PASSES" in done.stderr


def test_every_failpoint_stands_at_one_place() -> None:
    """A name that no process passes, or several places pass, says nothing about a moment."""
    source = "\n".join(module.text for module in modules("gateway"))
    problems = [
        f"gateway/evidence/failpoints.py:1: {each.name} is reached at {count} places: "
        "let one place reach it"
        for each in Failpoint
        if (count := source.count(f"reach(Failpoint.{each.name})")) != 1
    ]

    assert not problems, report(problems)
