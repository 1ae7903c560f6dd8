"""A module's own test file covers it, every branch of it: what others touch by chance is not held.

The test files of the packages below run once, in a process of their own, with each covered branch
noted under the test that took it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import coverage
import pytest

from tests.house.test_mirrors import mirror
from tests.house.tree import ROOT, Module, modules, report

if TYPE_CHECKING:
    from pathlib import Path

# Packages whose modules must be covered in full; more may join, none may leave. `gateway/wire` and
# `gateway/evidence` are not here for what it costs: their tests try many bytes, and to note under
# which test each branch was taken makes them slower still.
COVERED = (
    "gateway/session",
    "gateway/apis",
    "gateway/identity",
    "gateway/policy",
)


def _covered() -> list[Module]:
    return [
        module
        for module in modules(*COVERED)
        if next(module.functions(), None) and (ROOT / mirror(module.path)).is_file()
    ]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> coverage.Coverage:
    """Run the test files of all covered modules, and give what they covered."""
    folder = tmp_path_factory.mktemp("coverage")
    settings = folder / "settings"
    settings.write_text(
        f"[run]\nbranch = true\ndata_file = {folder / 'data'}\nsource = {','.join(COVERED)}\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    command += [f"--cov-config={settings}", "--cov", "--cov-context=test", "--cov-report="]
    command += [str(mirror(module.path)) for module in _covered()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, done.stdout
    covered = coverage.Coverage(data_file=folder / "data", config_file=str(settings))
    covered.load()
    return covered


def test_every_branch_is_covered_by_the_modules_own_tests(
    measured: coverage.Coverage, tmp_path: Path
) -> None:
    """Who changes a module sees in one file what it must do."""
    problems = []
    for module in _covered():
        outfile = tmp_path / "report.json"
        measured.json_report(
            morfs=[str(ROOT / module.path)],
            outfile=str(outfile),
            contexts=[f"^{re.escape(str(mirror(module.path)))}::", "^$"],
        )
        (found,) = json.loads(outfile.read_text())["files"].values()
        lines = [*found["missing_lines"], *(start for start, _ in found["missing_branches"])]
        problems += [
            f"{module.at(line)}: not covered, or not in both ways, by {mirror(module.path)}: "
            "test it there, or remove it"
            for line in sorted(set(lines))
        ]

    assert not problems, report(problems)
