"""Showing the report to whoever sits at the machine."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console


def open_in_browser(report: Path, console: Console) -> bool:
    """Open the report when somebody can see it, and tell whether it was opened."""
    if not (console.is_terminal and sys.stdin.isatty() and _has_display()):
        return False
    return webbrowser.open(report.as_uri())


def _has_display() -> bool:
    """Tell whether a browser would have a window: elsewhere one may take over the terminal."""
    if sys.platform in {"win32", "darwin"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
