"""The commands for cases, run as a user does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from gateway.cli import build_app
from gateway.evidence.log.signing import create_key_file
from tests.gateway.evidence.golden import GOLDEN
from tests.workbench.case.cases import lines, new_case, rewrite
from workbench.case.folder import Case

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def run(*arguments: str | Path) -> Result:
    """Run the command line."""
    return CliRunner().invoke(build_app(), ["case", *(str(each) for each in arguments)])


def test_a_case_is_made_noted_signed_handed_over_and_shown(tmp_path: Path) -> None:
    """Each step tells the head that is to be noted, and the log shows who took it."""
    case, tar = tmp_path / "case", tmp_path / "p.tar"
    tar.write_text("package")
    create_key_file(tmp_path / "key.pem")
    steps = (
        ("create", case, "--archive", GOLDEN, "--name", "leak", "--by", "Ada"),
        ("note", case, "disk copied"),
        ("sign", case, "--key", tmp_path / "key.pem", "--key-name", "example.com/ada"),
        ("handover", case, tar, "--to", "Eve"),
    )

    for number, step in enumerate(steps, start=1):
        done = run(*step)
        assert 0 == done.exit_code, done.output
        head = Case.open(case).log.read().head
        assert f"head {head} of {number} entries" in done.output

    shown = run("log", case).output
    assert ["0 ", "1 ", "2 ", "3 "] == [line[:2] for line in shown.splitlines()[:-1]]
    assert "Ada@" in shown
    assert "text: disk copied" in shown
    assert "to: Eve" in shown


def test_a_sound_log_is_verified_with_its_noted_head(tmp_path: Path) -> None:
    """Exit code 0 means that nothing contradicts the log."""
    case = new_case(tmp_path)

    done = run("verify", case.folder, "--head", str(case.log.read().head))

    assert 0 == done.exit_code, done.output
    assert "the noted head is among them" in done.output


def test_a_log_that_is_not_as_it_was_written_has_exit_code_1(tmp_path: Path) -> None:
    """The first bad line is named, also where the case cannot be opened any more."""
    case = new_case(tmp_path)
    rewrite(case, *lines(case)[1:])

    done = run("verify", case.folder)

    assert 1 == done.exit_code
    assert done.output.startswith("custody.jsonl, line 1: ")


@pytest.mark.parametrize(
    "arguments", [("log",), ("note", "x"), ("verify",), ("handover", "gone", "--to", "x")]
)
def test_what_is_no_case_has_exit_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """The message says what is missing."""
    command, *others = arguments
    done = run(command, tmp_path, *others)

    assert 2 == done.exit_code
    assert done.output.startswith("streamwitness: ")
