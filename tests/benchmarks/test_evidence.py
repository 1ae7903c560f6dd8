"""The benchmark of the evidence runs, in a short form, on events that are all found again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.evidence import BATCH_RECORDS, main, make_events
from gateway.evidence.event import EventKind

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_short_run_measures_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every step from the journal to the table of reads has a rate above nothing."""
    out = tmp_path / "figures.json"
    code = main(["--records", "1000", "--repeats", "2", "--out", str(out)])
    rates = json.loads(out.read_text())["rates"]

    assert code == 0
    assert {
        "record (journal): MB",
        "seal: MB of journal",
        "verify: MB of journal",
        "load: records",
        "load again: records",
        "reads: rows",
    } == set(rates)
    assert all(len(values) == 2 and min(values) > 0 for values in rates.values())
    assert "reads: rows" in capsys.readouterr().out


def test_every_record_is_sent_acknowledged_and_read() -> None:
    """Also the last batch, which is not full."""
    records = 2 * BATCH_RECORDS + 1
    events = list(make_events(records))

    for kind in (EventKind.PRODUCE, EventKind.PRODUCED, EventKind.DELIVERED):
        assert records == sum(event.record_count or 0 for event in events if event.kind == kind)
