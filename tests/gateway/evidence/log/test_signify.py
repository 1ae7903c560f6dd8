"""What we sign in signify's form, signify checks; and we take nothing but what we wrote."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ProofError
from gateway.evidence.log.signify import check_signed, encode_key, encode_signed
from tests.gateway.evidence.log.signed import RECORDER, ROOT, ml_dsa

if TYPE_CHECKING:
    from pathlib import Path

SIGNIFY = shutil.which("signify-openbsd") or "signify"
TEXT = "SHA256 (a) = " + "0" * 64 + "\n"
SIGNED = encode_signed(TEXT, RECORDER, key_file="recorder.pub")


def is_good(content: bytes) -> bool:
    """Say whether the text is taken."""
    try:
        check_signed(content, [RECORDER.public], key_file="recorder.pub")
    except ProofError:
        return False
    return True


def test_signify_checks_what_was_signed(tmp_path: Path) -> None:
    """With the key in its own form, and gives the text back."""
    (tmp_path / "recorder.pub").write_bytes(encode_key(RECORDER.public))
    (tmp_path / "text.sig").write_bytes(SIGNED)
    command = [SIGNIFY, "-V", "-e", "-p", "recorder.pub", "-x", "text.sig", "-m", "text"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert (0, "Signature Verified\n") == (done.returncode, done.stdout)
    assert TEXT == (tmp_path / "text").read_text()


def test_the_text_is_given_back() -> None:
    """Whichever of the keys signed it."""
    keys = [ROOT.public, ml_dsa("example.com/gateway-1", 7).public, RECORDER.public]

    assert TEXT == check_signed(SIGNED, keys, key_file="recorder.pub")


def test_any_changed_bit_is_found() -> None:
    """Also in the comment, which signify itself does not look at."""
    for place in range(len(SIGNED)):
        for bit in range(8):
            changed = bytes([SIGNED[place] ^ 1 << bit])

            assert not is_good(SIGNED[:place] + changed + SIGNED[place + 1 :]), (place, bit)


@pytest.mark.parametrize("content", [b"", b"\n", b"x\n!\n", SIGNED[:60], "untrusted é".encode()])
def test_what_is_no_signed_file_is_refused(content: bytes) -> None:
    """Whatever it is."""
    with pytest.raises(ProofError, match="not of the form"):
        check_signed(content, [RECORDER.public], key_file="recorder.pub")


def test_a_stranger_is_refused() -> None:
    """His signature is good, and he is nobody."""
    with pytest.raises(ProofError, match="none of the keys"):
        check_signed(SIGNED, [ROOT.public], key_file="recorder.pub")
