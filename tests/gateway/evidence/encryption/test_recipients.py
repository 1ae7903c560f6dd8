"""Recipients and identities: made, read back, and refused with what to do."""

from __future__ import annotations

import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.encryption.recipients import (
    create_identity,
    load_identity,
    parse_recipient,
)
from gateway.evidence.errors import EncryptionError

if TYPE_CHECKING:
    from pathlib import Path


def test_an_identity_is_read_back_and_is_its_owners_alone(tmp_path: Path) -> None:
    """The file holds what was drawn, and nobody else can read it."""
    file = tmp_path / "identity"

    recipient = create_identity(file)

    assert recipient == str(load_identity(file).to_public())
    assert recipient == str(parse_recipient(recipient))
    assert 0o600 == stat.S_IMODE(file.stat().st_mode)


def test_age_itself_reads_the_identity(tmp_path: Path) -> None:
    """The file is one of the format's own."""
    file = tmp_path / "identity"

    recipient = create_identity(file)
    said = subprocess.run(["age-keygen", "-y", file], capture_output=True, text=True, check=True)

    assert f"{recipient}\n" == said.stdout


def test_an_identity_of_age_is_read(tmp_path: Path) -> None:
    """Who has age-keygen needs no command of ours."""
    file = tmp_path / "identity"
    subprocess.run(["age-keygen", "-o", file], capture_output=True, check=True)
    recipient = next(line for line in file.read_text().split() if line.startswith("age1"))

    assert recipient == str(load_identity(file).to_public())


def test_no_file_is_replaced(tmp_path: Path) -> None:
    """An identity that was drawn before is worth more than one that is drawn now."""
    file = tmp_path / "identity"
    first = create_identity(file)

    with pytest.raises(FileExistsError):
        create_identity(file)

    assert first == str(load_identity(file).to_public())


@pytest.mark.parametrize("content", ["", "# nothing\n", "AGE-SECRET-KEY-1\n", "a\nb\n", "\x00"])
def test_a_file_without_an_identity_is_refused(tmp_path: Path, content: str) -> None:
    """The message names the file and what should stand in it."""
    file = tmp_path / "identity"
    file.write_text(content)
    file.chmod(0o600)

    with pytest.raises(EncryptionError, match=r"identity holds no identity: .*AGE-SECRET-KEY-1"):
        load_identity(file)


def test_an_identity_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Whoever can read it can read everything."""
    file = tmp_path / "identity"
    create_identity(file)
    file.chmod(0o640)

    with pytest.raises(EncryptionError, match="chmod 600"):
        load_identity(file)


@pytest.mark.parametrize("text", ["", "age1x", "alice", "AGE-SECRET-KEY-1ABC"])
def test_what_is_no_recipient_is_refused(text: str) -> None:
    """The message says what one looks like."""
    with pytest.raises(EncryptionError, match="is no recipient: give the line that begins with"):
        parse_recipient(text)


@pytest.mark.parametrize("text", ["AGE-SECRET-KEY-1ABC", "# age-secret-key-1abc"])
def test_an_identity_is_not_repeated(text: str) -> None:
    """The message ends up in logs, and the identity opens everything."""
    with pytest.raises(EncryptionError, match="an identity is no recipient") as raised:
        parse_recipient(text)

    assert "ABC" not in str(raised.value).upper()
