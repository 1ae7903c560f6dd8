"""Private keys are read from files that only their owner can read."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.keys import Algorithm, verify_note
from gateway.evidence.log.signing import create_key_file, load_signer, sign_note

if TYPE_CHECKING:
    from pathlib import Path

CHECKPOINT = "example.com/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


@pytest.mark.parametrize(
    ("is_post_quantum", "is_cosigner", "algorithm"),
    [
        (False, False, Algorithm.ED25519),
        (False, True, Algorithm.COSIGNATURE_ED25519),
        (True, False, Algorithm.ML_DSA_44),
    ],
)
def test_a_new_key_signs(
    tmp_path: Path, *, is_post_quantum: bool, is_cosigner: bool, algorithm: Algorithm
) -> None:
    """Of either kind, as a recorder's or a witness's."""
    path = tmp_path / "key.pem"
    create_key_file(path, is_post_quantum=is_post_quantum)
    signer = load_signer(path, "example.com/log", is_cosigner=is_cosigner)

    assert (0o600, algorithm) == (path.stat().st_mode & 0o777, signer.public.algorithm)
    assert signer.public in verify_note(sign_note(CHECKPOINT, [signer]), [signer.public])


def test_a_key_that_openssl_made_signs(tmp_path: Path) -> None:
    """The file's form is everybody's."""
    path = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    path.chmod(0o600)

    assert Algorithm.ED25519 == load_signer(path, "a").public.algorithm


def test_a_key_file_is_never_written_over(tmp_path: Path) -> None:
    """Who loses a key loses the log."""
    path = tmp_path / "key.pem"
    create_key_file(path)
    before = path.read_bytes()

    with pytest.raises(FileExistsError):
        create_key_file(path)
    assert before == path.read_bytes()


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """With what to do about it."""
    path = tmp_path / "key.pem"
    create_key_file(path)
    path.chmod(0o640)

    with pytest.raises(ProofError, match="chmod 600"):
        load_signer(path, "a")


@pytest.mark.parametrize("algorithm", ["rsa", "x25519", None])
def test_what_is_no_such_key_is_refused(tmp_path: Path, algorithm: str | None) -> None:
    """Other kinds of keys, and no key at all."""
    path = tmp_path / "key.pem"
    if algorithm is None:
        path.write_text("nonsense")
    else:
        command = ["openssl", "genpkey", "-algorithm", algorithm, "-out", str(path)]
        subprocess.run(command, check=True, capture_output=True)
    path.chmod(0o600)

    with pytest.raises(ProofError):
        load_signer(path, "a")
