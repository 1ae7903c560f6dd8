"""Logs: a fixed vocabulary, and nothing in them that belongs into the archive alone."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.server.log import LogEvent, open_log

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[3]


def test_every_event_is_documented() -> None:
    """docs/operating.md has one row for each event, and no other row."""
    page = (ROOT / "docs" / "operating.md").read_text().partition("## Log")[2]

    assert [event.value for event in LogEvent] == re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)


def test_every_event_is_used() -> None:
    """The vocabulary holds nothing that is never said."""
    source = "".join(file.read_text() for file in (ROOT / "gateway/server").glob("*.py"))

    assert [event.name for event in LogEvent if f"LogEvent.{event.name}" not in source] == []


def test_a_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    """A line carries event, level, time and its facts."""
    open_log(sys.stderr).info(LogEvent.READY, listeners=[])
    line = json.loads(capsys.readouterr().err)

    assert line.pop("time").endswith("Z")
    assert line == {"event": "ready", "level": "info", "listeners": []}


def test_an_exception_shows_its_place_and_not_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    """An exception's text may quote what a peer sent, so it stays out of the log."""
    log = open_log(sys.stderr)
    try:
        raise ValueError("card 4111111111111111")  # noqa: TRY301 - the text under test
    except ValueError:
        log.exception(LogEvent.DEFECT)
    shown = capsys.readouterr().err

    assert "4111" not in shown
    assert json.loads(shown)["exception"] == "ValueError"
    assert json.loads(shown)["places"][0].startswith("test_log.py:")
