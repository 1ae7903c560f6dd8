"""The user sees every stage: moving in a terminal, as a line elsewhere."""

from __future__ import annotations

import io
import shlex
import sys
from pathlib import Path

import pytest
from rich.console import Console

from workbench.demo.folder import Folder
from workbench.demo.show import Show, program, show_conclusion


def shown(*, is_terminal: bool) -> str:
    """Show one stage with progress and return what was written."""
    stream = io.StringIO()
    with Show(Console(file=stream, force_terminal=is_terminal, width=100)).step(
        "Seal the evidence", total=10
    ) as step:
        step.tell("half", 5)
    return stream.getvalue()


def test_a_stage_leaves_one_line_where_no_terminal_is() -> None:
    """A log of a pipeline has neither bars nor control characters."""
    assert "\x1b" not in shown(is_terminal=False)
    assert [["✓", "Seal", "the", "evidence"]] == [
        line.split()[:4] for line in shown(is_terminal=False).splitlines()
    ]


def test_a_terminal_shows_what_goes_on() -> None:
    """The bar says what is going on in the stage."""
    assert "Seal the evidence: half" in shown(is_terminal=True)


def test_a_stage_that_fails_is_not_called_done() -> None:
    """The error speaks instead."""
    stream = io.StringIO()
    with (
        pytest.raises(OSError, match="disk"),
        Show(Console(file=stream)).step("Seal the evidence"),
    ):
        raise OSError("disk")

    assert "✓" not in stream.getvalue()


@pytest.mark.parametrize("name", [":cat:", "a b[x]", "[bold]", "--out", "-x"])
def test_commands_name_the_folder_as_it_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the terminal's markup nor the command reads anything else in it."""
    monkeypatch.chdir(tmp_path)
    stream = io.StringIO()
    show_conclusion(Console(file=stream, width=40), Folder(Path(name)), [])
    archive = tmp_path / name / "archive"
    lines = stream.getvalue().splitlines()
    commands = [line for line in lines if line.startswith(("verify", "build", "take"))]

    assert f"{'the evidence':24}{archive}" in lines
    assert 3 == len(commands)
    assert all(str(archive) in shlex.split(command) for command in commands)


def test_commands_can_be_typed_as_they_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """By name where the shell finds it, else by the path of this installation."""
    here = Path(sys.executable).parent
    monkeypatch.setenv("PATH", "/nowhere")
    assert program("streamwitness") == str(here / "streamwitness")

    monkeypatch.setenv("PATH", str(here))
    assert program("streamwitness") == "streamwitness"
    assert program("nonesuch") == "nonesuch"
