"""Lines of the log from the sealer's processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from gateway.sealer import saying as module
from gateway.sealer.saying import Trouble, say

if TYPE_CHECKING:
    import pytest


def _said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_an_event_with_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    """As the gateway's own lines are."""
    say("uploaded", "info", files=3)
    (line,) = _said(capsys)

    assert ("uploaded", "info", 3) == (line["event"], line["level"], line["files"])
    assert str(line["time"]).endswith("+00:00")


def test_trouble_is_told_once_then_from_time_to_time_and_when_it_ends(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody reads a log that says the same each second."""
    trouble = Trouble("began", "ended")
    trouble.is_over()
    trouble.goes_on("why")
    trouble.goes_on("why")
    monkeypatch.setattr(module, "ALARM_SECONDS", 0.0)
    trouble.goes_on("why")
    trouble.is_over()
    trouble.is_over()

    assert ["began", "began", "ended"] == [line["event"] for line in _said(capsys)]
