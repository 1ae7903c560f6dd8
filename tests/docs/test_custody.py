"""docs/custody.md: its commands run as they stand, and nothing of the log is missing."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.evidence.log.signing import create_key_file, load_signer
from tests.gateway.evidence.golden import GOLDEN
from workbench.case.custody import Action, Entry
from workbench.case.folder import Case
from workbench.package.build import PackageOptions
from workbench.package.choosing import Wanted
from workbench.package.of_case import package_case

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "custody.md").read_text(encoding="utf-8")
PROGRAMS = Path(sys.executable).parent


def first_cells(heading: str) -> list[str]:
    """Return what stands in code type in the first column of the table with a heading."""
    table = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0]
    return re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)


def test_the_commands_of_the_page_run_one_after_the_other(tmp_path: Path) -> None:
    """Whoever copies them in order keeps a case that verifies."""
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    done = subprocess.run(
        ["bash", "-e", "-c", commands],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr), done.stdout
    assert "signed with example.com/ada+" in done.stdout
    assert "3 entries follow one another" in done.stdout
    assert "written to evidence: whole" in done.stdout
    assert "written to part: selection" in done.stdout
    assert "\ngood\n" in done.stdout


def test_every_file_of_a_package_has_its_row(tmp_path: Path) -> None:
    """Of a part of a case with a report, whose list is signed: then nothing is missing."""
    case = Case.create(tmp_path / "case", name="n", archives=[GOLDEN])
    create_key_file(tmp_path / "key")
    (tmp_path / "r.html").touch()
    options = PackageOptions(
        archive=case.folder,
        out=tmp_path / "package",
        made_s=0,
        wanted=Wanted(origins=("gateway-1",), first_sequence=12),
        report=tmp_path / "r.html",
        signer=load_signer(tmp_path / "key", "evidence-package"),
    )
    package_case(options, None)
    table = PAGE.partition("| in a package |")[2].partition("\n\n")[0]

    named = set(re.findall(r"`([^`]+)`", "".join(re.findall(r"^\|(.*?)\|", table, re.MULTILINE))))
    there = {path.name for path in options.out.iterdir()} - {"gateway-1"}
    assert there | {"SHA256SUMS"} == named


@pytest.mark.parametrize(
    ("heading", "wanted"), [("field", Entry.__struct_fields__), ("action", tuple(Action))]
)
def test_every_field_and_action_has_its_row(heading: str, wanted: tuple[str, ...]) -> None:
    """In the order in which they are written."""
    assert list(wanted) == first_cells(heading)
