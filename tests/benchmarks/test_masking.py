"""The benchmark of masking runs, in a short form, on records that hold what is masked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.masking import BATCH_RECORDS, BATCHES, main, make_batch, plans
from gateway.masking.batches import EXPANDED_BYTES_MAX, mask_batches

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_short_run_measures_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every plan has a rate above nothing for each kind of batch."""
    out = tmp_path / "figures.json"
    code = main(["--seconds", "0.001", "--repeats", "1", "--out", str(out)])
    rates = json.loads(out.read_text())["rates"]

    assert code == 0
    assert len(plans()) * len(BATCHES) == len(rates)
    assert all(min(values) > 0 for values in rates.values())
    assert "redact, zstd, 8 fields" in capsys.readouterr().out


def test_what_is_measured_is_masked() -> None:
    """Each record has a card and a customer, and no passport."""
    found = {
        name: mask_batches(
            make_batch("lz4", 8), plan, converts=False, expanded_bytes_max=EXPANDED_BYTES_MAX
        ).counts.total()
        for name, plan in plans().items()
    }

    expected = {"redact": 1, "partial and pseudonym": 2, "nothing met": 0}
    assert {name: count * BATCH_RECORDS for name, count in expected.items()} == found
