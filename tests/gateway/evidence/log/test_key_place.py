"""A key is used wherever it lies."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.key_place import load_key
from gateway.evidence.log.keys import Algorithm
from gateway.evidence.log.signing import create_key_file, load_signer
from tests.gateway.evidence.log.softhsm import tokens

if TYPE_CHECKING:
    from pathlib import Path

WITHOUT_PKCS11 = """
import sys
sys.modules["pkcs11"] = None
from gateway.evidence.log.key_place import load_key
load_key(sys.argv[1], "a")
"""


def test_a_key_lies_in_a_file_or_on_a_token(tmp_path: Path) -> None:
    """Both are told as what they are: a recorder's key or a witness's."""
    create_key_file(tmp_path / "key.pem")
    in_file, on_token = str(tmp_path / "key.pem"), tokens().uri()

    assert load_signer(tmp_path / "key.pem", "a").public == load_key(in_file, "a").public
    for place in (in_file, on_token):
        assert Algorithm.ED25519 is load_key(place, "a").public.algorithm
        witness = load_key(place, "a", is_cosigner=True).public
        assert Algorithm.COSIGNATURE_ED25519 is witness.algorithm


def test_a_place_without_a_key_is_refused(tmp_path: Path) -> None:
    """A file that is not there, and a URI that names none."""
    with pytest.raises(FileNotFoundError):
        load_key(str(tmp_path / "none"), "a")
    with pytest.raises(ProofError, match="lacks module-path"):
        load_key("pkcs11:token=a", "a")


def test_what_is_not_installed_is_named() -> None:
    """With how to install it."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PKCS11, tokens().uri()],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "keys on tokens need pkcs11: pip install 'streamwitness[pkcs11]'" in done.stderr
