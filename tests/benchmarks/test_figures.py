"""Figures are compared with their neighbours in time."""

from __future__ import annotations

from benchmarks.figures import machine, median_ratio


def test_ratios_are_taken_between_neighbours() -> None:
    """A slow minute of the machine hits both routes and does not count."""
    assert median_ratio([10.0, 1.0, 10.0], [20.0, 2.0, 20.0]) == 0.5
    assert median_ratio([3.0], [2.0]) == 1.5


def test_the_machine_is_described() -> None:
    """A figure without its machine says nothing."""
    assert {"system", "python", "cpus", "load_average"} == set(machine())
