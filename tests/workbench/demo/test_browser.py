"""A browser is opened where somebody can see it, and nowhere else."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from rich.console import Console

from workbench.demo.browser import open_in_browser

REPORT = Path("/folder/report.html")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser was asked to show, on a machine with a screen and a user."""
    addresses: list[str] = []

    def show(address: str) -> bool:
        addresses.append(address)
        return True

    monkeypatch.setattr("webbrowser.open", show)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("DISPLAY", ":0")
    return addresses


def terminal(*, is_terminal: bool = True) -> Console:
    """Make a console that is a terminal, or is none."""
    return Console(file=io.StringIO(), force_terminal=is_terminal)


def test_the_report_is_shown(opened: list[str]) -> None:
    """The report is a local file."""
    assert open_in_browser(REPORT, terminal())
    assert [REPORT.as_uri()] == opened


def test_no_display_is_no_place_for_a_browser(
    opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server a text browser would take over the terminal."""
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)

    assert not open_in_browser(REPORT, terminal())
    assert opened == []


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_desktop_systems_always_have_a_display(
    opened: list[str], monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    """They do not say so in the environment."""
    monkeypatch.delenv("DISPLAY")
    monkeypatch.setattr(sys, "platform", platform)

    assert open_in_browser(REPORT, terminal())


def test_a_pipeline_opens_nothing(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither when the output goes to a file nor when nobody types."""
    assert not open_in_browser(REPORT, terminal(is_terminal=False))
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)

    assert not open_in_browser(REPORT, terminal())
    assert opened == []
