"""The crash matrix: what each crash test met and found, a line each, shown by `pytest -s`."""

from __future__ import annotations

import sys


def say(what: str, cases: int, violations: int) -> None:
    """Print one line of the matrix."""
    sys.stdout.write(f"\ncrash matrix | {what} | {cases} cases | {violations} violations")
