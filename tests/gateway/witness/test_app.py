"""The witness speaks HTTP as the protocol says."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from gateway.witness.witness import REQUEST_BYTES_MAX
from tests.gateway.evidence.log.signed import LOG
from tests.gateway.witness.logs import served, witness
from tests.gateway.witness.test_witness import asked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Serve a witness."""
    with served(witness(tmp_path)) as address:
        yield address


def ask(url: str, body: bytes | None = None) -> tuple[int, str, bytes]:
    """Ask, and return status, kind and content."""
    try:
        with urllib.request.urlopen(url, data=body, timeout=10) as answer:  # noqa: S310 - our own
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers["Content-Type"], error.read()


def test_a_checkpoint_is_cosigned_and_told(url: str) -> None:
    """One line of signature; the whole for auditors."""
    status, _, line = ask(f"{url}/add-checkpoint", asked(0, 5))
    assert (200, True) == (status, line.startswith("\N{EM DASH} witness.example/w1 ".encode()))
    status, kind, note = ask(f"{url}/checkpoint?log={LOG}")

    assert (200, True) == (status, note.endswith(line))
    assert "text/plain; charset=utf-8" == kind


def test_a_conflict_has_its_own_content_type(url: str) -> None:
    """Exactly the specified one."""
    ask(f"{url}/add-checkpoint", asked(0, 5))

    assert (409, "text/x.tlog.size", b"5\n") == ask(f"{url}/add-checkpoint", asked(0, 8))


def test_what_is_too_large_is_not_read(url: str) -> None:
    """Anybody can send; nobody fills the memory."""
    assert 413 == ask(f"{url}/add-checkpoint", b"x" * (REQUEST_BYTES_MAX + 1))[0]


@pytest.mark.parametrize(
    ("status", "path"),
    [(400, "checkpoint"), (404, "checkpoint?log=x"), (405, "add-checkpoint"), (404, "")],
)
def test_other_questions_are_refused(url: str, status: int, path: str) -> None:
    """With what is wrong about them."""
    assert status == ask(f"{url}/{path}")[0]
