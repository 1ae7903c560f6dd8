"""A bundle is one object with one digest, and any tar gives its files back."""

from __future__ import annotations

import subprocess
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from gateway.policy.bundle import Bundle

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"rules.yaml": b"rules: []\n", "tests/\xe4.yaml": b"cases: []\n", "empty.yaml": b""}


def test_the_same_files_always_make_the_same_bytes() -> None:
    """In whatever order they were found, and whenever."""
    again = Bundle(dict(reversed(FILES.items())))

    assert Bundle(FILES).content == again.content
    assert sha256(again.content).digest() == Bundle(FILES).digest
    assert "cb0db29e" == Bundle({"a.yaml": b"rules: []\n"}).digest.hex()[:8]


@pytest.mark.parametrize("files", [{"rules.yaml": b"rules: [] "}, {"r.yaml": b"rules: []\n"}, {}])
def test_another_name_or_byte_is_another_digest(files: dict[str, bytes]) -> None:
    """That is what the digest is for."""
    assert Bundle({"rules.yaml": b"rules: []\n"}).digest != Bundle(files).digest


def test_the_tools_of_any_unix_open_it(tmp_path: Path) -> None:
    """An auditor needs nothing of ours."""
    (tmp_path / "bundle").write_bytes(Bundle(FILES).content)
    subprocess.run(["tar", "-xf", "bundle"], cwd=tmp_path, check=True)

    assert FILES == {name: (tmp_path / name).read_bytes() for name in FILES}
