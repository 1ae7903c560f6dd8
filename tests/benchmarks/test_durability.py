"""The benchmark of the durability modes runs, in a short form, and puts its figures together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.durability import DIRECT, MODES, Samples, main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(180)
def test_a_short_run_measures_every_mode(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Side by side, in one run, by percentiles and by what goes through."""
    out = tmp_path / "figures.json"
    arguments = ["--seconds", "0.3", "--repeats", "1", "--rate", "50", "--out", str(out)]
    code = main([*arguments, "--folder", str(tmp_path)])
    samples = json.loads(out.read_text())["samples"]

    assert 0 == code
    assert {
        *(f"50/s: ms to {what}, {which}" for what in ("ack", "read") for which in ("p50", "p99")),
        "write, MB/s",
        "read, MB/s",
    } == set(samples)
    assert all({DIRECT, *MODES} == set(routes) for routes in samples.values())
    assert all(min(values) > 0 for routes in samples.values() for values in routes.values())
    assert "bounded" in capsys.readouterr().out


def test_what_a_mode_adds_is_taken_from_neighbours() -> None:
    """The median of the differences, not the difference of the medians."""
    samples = Samples()
    for direct, strict in ((1.0, 4.0), (10.0, 15.0), (2.0, 9.0)):
        samples.add("ms", DIRECT, direct)
        samples.add("ms", "strict", strict)

    assert 5.0 == samples.added("ms", "strict")
