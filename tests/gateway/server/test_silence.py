"""The witness gate: open while a witness is heard, and closed for everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.server import silence as module
from gateway.server.level import Level
from gateway.server.silence import WitnessSilence

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("silent_seconds", "level"),
    [(0.0, Level.OPEN), (120.0, Level.OPEN), (120.1, Level.STOPPED), (None, Level.STOPPED)],
)
def test_silence_stops_traffic(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    silent_seconds: float | None,
    level: Level,
) -> None:
    """What is not known is silence, too; a witness that answers opens again."""
    gate = WitnessSilence(tmp_path, seconds_max=120.0)
    monkeypatch.setattr(module, "silence_seconds", lambda _journal: silent_seconds)

    assert level is gate.look()
    assert {
        "silent_seconds": None if silent_seconds is None else round(silent_seconds),
        "silent_seconds_max": 120,
    } == gate.facts()


def test_a_gateway_that_heard_no_witness_begins_closed(tmp_path: Path) -> None:
    """There is no time of grace: it could be had again with every start."""
    assert Level.STOPPED is WitnessSilence(tmp_path, seconds_max=120.0).look()
