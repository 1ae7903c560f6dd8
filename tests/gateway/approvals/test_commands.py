"""The commands of reviewers; tests/gateway/server/test_approving.py has them decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from gateway.cli import build_app

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "message"),
    [("file:///etc/passwd", "is no address"), ("http://127.0.0.1:1", "Connection refused")],
)
@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["show", "r"],
        ["deny", "r", "--digest", "d"],
        ["cancel", "r"],
        ["break-glass", "r", "--reason", "fire"],
    ],
)
def test_what_cannot_be_called_is_told(
    tmp_path: Path, words: list[str], url: str, message: str
) -> None:
    """Exit code 2: nothing was done."""
    token = tmp_path / "token"
    token.write_text("t")
    given = ["--url", url, "--token-file", str(token)]
    result = CliRunner().invoke(build_app(), ["approvals", *words, *given])

    assert 2 == result.exit_code
    assert message in result.output


def test_a_token_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """The message names the file, not what is in it."""
    given = ["--url", "http://127.0.0.1:1", "--token-file", str(tmp_path / "none")]
    result = CliRunner().invoke(build_app(), ["approvals", "list", *given])

    assert 2 == result.exit_code
    assert "none cannot be read as a token" in result.output
