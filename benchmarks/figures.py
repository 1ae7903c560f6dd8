"""Figures of several runs put together, and where they were taken."""

from __future__ import annotations

import os
import platform
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def median_ratio(values: Sequence[float], references: Sequence[float]) -> float:
    """Divide the values by their neighbours in time and take the median of that.

    Neighbours share what else the machine was doing; the medians of all values do not.
    """
    return median(value / reference for value, reference in zip(values, references, strict=True))


def machine() -> dict[str, object]:
    """Describe where the figures were taken, as far as they depend on it."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }
