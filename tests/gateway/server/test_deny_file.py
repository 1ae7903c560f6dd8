"""The deny list's file is in force as it stands, and when it cannot be read as it stood."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import structlog
from structlog.testing import capture_logs

from gateway.identity.principal import Principal
from gateway.server import deny_file
from gateway.server.deny_file import DenyFile, DenyFileError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ALICE = Principal(issuer="https://idp", subject="alice")
BOB = Principal(issuer="https://idp", subject="bob")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- subject: [", "deny.yaml: "),
        ("{subject: alice}", "valid list"),
        ("[{issuer: 'https://idp'}]", "must name a subject or a jti"),
        ("[{subject: alice, user: bob}]", "Extra inputs"),
        ("[{subject: 7}]", "valid string"),
        ("#" * (16 * 1024 * 1024 + 1), "is above 16777216 bytes"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    """With the file's name and what is wrong."""
    path = tmp_path / "deny.yaml"
    path.write_text(text)

    with pytest.raises(DenyFileError, match=expected):
        DenyFile(path, structlog.get_logger())


def test_an_empty_file_denies_nobody(tmp_path: Path) -> None:
    """It is how a list begins."""
    path = tmp_path / "deny.yaml"
    path.write_text("# nobody yet\n")

    assert DenyFile(path, structlog.get_logger()).denials.find(ALICE, "t") is None


async def test_a_change_is_in_force_soon_and_a_fault_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is told once; the list goes on when it is mended."""
    monkeypatch.setattr(deny_file, "LOOK_SECONDS", 0.005)
    path = tmp_path / "deny.yaml"
    path.write_text("[{subject: alice, reason: left}]")
    with capture_logs() as logs:
        watched = DenyFile(path, structlog.get_logger())
        watching = asyncio.create_task(watched.keep_fresh())
        path.unlink()
        await _until(lambda: logs[-1]["event"] == "deny_list_unreadable")
        await asyncio.sleep(0.05)
        assert watched.denials.find(ALICE, None) is not None
        path.write_text("[{jti: t-1}]")
        await _until(lambda: watched.denials.find(BOB, "t-1") is not None)
        watching.cancel()

    assert watched.denials.find(ALICE, None) is None
    assert ["deny_list_loaded", "deny_list_unreadable", "deny_list_loaded"] == [
        line["event"] for line in logs
    ]


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.005)
