"""The commands about policies say what is wrong, with an exit code to go by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from gateway.cli import build_app
from tests.gateway.config.bundles import NO_CARDS, write_bundle
from tests.gateway.evidence.golden import GOLDEN

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

DENIED = "{name: denied, request: {api: FETCH, topics: [cards]}, expect: deny}"
ALLOWED = "{name: allowed, request: {api: FETCH, topics: [orders]}, expect: allow}"
WRONG = "{name: wrong, request: {api: FETCH, topics: [cards]}, expect: allow}"


def _run(*words: str) -> Result:
    return CliRunner().invoke(build_app(), ["policy", *words])


def test_a_good_bundle_is_called_good(tmp_path: Path) -> None:
    """With its digest, to compare with the evidence."""
    done = _run("check", str(write_bundle(tmp_path, a=NO_CARDS)))

    assert 0 == done.exit_code
    assert ": good: 1 rules, 0 cases, digest " in done.stdout


@pytest.mark.parametrize("command", ["check", "test", "show"])
def test_a_bad_bundle_is_refused(tmp_path: Path, command: str) -> None:
    """By every command, with what is wrong."""
    done = _run(command, str(write_bundle(tmp_path, a="rules: 7")))

    assert 2 == done.exit_code
    assert "1 problem\n  a.yaml: rules (line 1)" in done.stderr


@pytest.mark.parametrize(
    ("cases", "options", "expected"),
    [
        ([DENIED, ALLOWED], [], 0),
        ([DENIED], [], 1),
        ([DENIED], ["--cases-only"], 0),
        ([WRONG], ["--cases-only"], 1),
    ],
)
def test_cases_are_run(tmp_path: Path, cases: list[str], options: list[str], expected: int) -> None:
    """Exit code 1: something is missing or fails."""
    text = f"cases: [{', '.join(cases)}]"
    folder = write_bundle(tmp_path, a=NO_CARDS, tests__c=text)

    assert expected == _run("test", str(folder), *options).exit_code


def test_rules_are_shown(tmp_path: Path) -> None:
    """One a line."""
    done = _run("show", str(write_bundle(tmp_path, a=NO_CARDS)))

    assert done.stdout.startswith("deny no-cards: FETCH; topics: cards*\n")


def test_a_replay_tells_what_would_change(tmp_path: Path) -> None:
    """And refuses what is no archive."""
    folder = str(write_bundle(tmp_path, a=NO_CARDS))
    done = _run("replay", str(GOLDEN), "--policy", folder)

    assert 0 == done.exit_code
    assert "exchanges compared" in done.stdout
    assert 2 == _run("replay", str(tmp_path / "none"), "--policy", folder).exit_code
