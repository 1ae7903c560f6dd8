"""Running a program of this folder, which says what it found."""

from __future__ import annotations

import subprocess
import sys

from tests.house.tree import ROOT


def run(name: str, *arguments: object) -> tuple[list[str], str]:
    """Run it to its end; return the problems that it printed, and its last line."""
    command = [sys.executable, "-m", f"tests.crashes.{name}", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    *found, last = done.stdout.splitlines()
    return found, last
