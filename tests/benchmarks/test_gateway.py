"""The benchmark of the gateway runs, in a short form, and its figures are put together rightly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchmarks.gateway import main
from benchmarks.load import Throughput, make_values

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("more", [[], ["--encrypted"]])
def test_a_short_run_measures_everything(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    """Both routes, both sizes, and both processes have figures."""
    out = tmp_path / "figures.json"
    code = main(["--seconds", "0.2", "--repeats", "1", "--rate", "100", "--out", str(out), *more])
    samples = json.loads(out.read_text())["samples"]

    assert code == 0
    assert {
        f"{verb} {size} B: {unit}"
        for verb in ("write", "read")
        for size in (200, 1024)
        for unit in ("records/s", "MB/s", "CPU s/GB, gateway", "CPU s/GB, sealer")
    } <= set(samples)
    assert {"100/s: ms to ack, p99", "100/s: ms to read, p50", "peak memory, MB, sealer"} <= set(
        samples
    )
    assert all(
        min(values) > 0
        for figure, routes in samples.items()
        for values in routes.values()
        # So short a run may end within one tick of the clock that counts CPU time.
        if "CPU" not in figure
    )
    assert "write 200 B: records/s" in capsys.readouterr().out


def test_rates_are_of_the_values_bytes() -> None:
    """A megabyte is a million bytes of values; what stands around them is not counted."""
    done = Throughput(records=2_000, record_bytes=500, seconds=0.5)

    assert (4_000, 1.0, 2.0) == (
        done.records_per_second,
        done.megabytes,
        done.megabytes_per_second,
    )


@pytest.mark.parametrize("record_bytes", [200, 1024])
def test_values_have_their_size_and_differ(record_bytes: int) -> None:
    """Evidence of equal values would be smaller than any real one."""
    values = make_values(record_bytes)

    assert {record_bytes} == {len(value) for value in values}
    assert len(values) == len(set(values))
