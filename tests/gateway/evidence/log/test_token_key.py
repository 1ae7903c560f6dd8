"""Keys on tokens sign like any other, and what is in the way is said without the PIN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError, ProofError
from gateway.evidence.log.key_uri import decode_key_uri
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.signing import sign_note
from gateway.evidence.log.token_key import open_token_key
from tests.gateway.evidence.log.softhsm import LOCKED, PIN, tokens

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.log.signing import Signer

CHECKPOINT = "example.com/log\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"


def opened(uri: str, *, is_cosigner: bool = False) -> Signer:
    """Open a key under some name."""
    return open_token_key(decode_key_uri(uri), "example.com/log", is_cosigner=is_cosigner)


@pytest.mark.parametrize("is_cosigner", [False, True])
def test_a_key_on_a_token_signs_notes(*, is_cosigner: bool) -> None:
    """As a recorder's and as a witness's; whoever verifies sees no difference."""
    signer = opened(tokens().uri(), is_cosigner=is_cosigner)
    note = sign_note(CHECKPOINT, [signer])

    assert {signer.public} == set(verify_note(note, [signer.public]))
    with pytest.raises(ProofError):
        signer.public.verify(CHECKPOINT + "x", note.signatures[0].content)


def test_a_key_is_the_same_whenever_it_is_opened() -> None:
    """By its label or its id; another one on the same token is another."""
    by_id = tokens().uri().replace("object=recorder", "id=%01")

    assert opened(tokens().uri()).public == opened(by_id).public
    assert opened(tokens().uri()).public != opened(tokens().uri("second")).public


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("libsofthsm2.so", "no-module.so", r"module .*no-module\.so cannot be used"),
        ("gateway%201", "gateway%202", "no token gateway 2 to be used: NoSuchToken"),
        ("token=", "serial=00;token=", "no token gateway 1 to be used: NoSuchToken"),
        ("object=recorder", "object=nobody", "no such private key: NoSuchKey"),
        ("object=recorder", "object=recorder;id=%02", "no such private key: NoSuchKey"),
        ("object=recorder", "object=alone", "no such public key: NoSuchKey"),
        ("object=recorder", "object=mixed", "is not that of the private key"),
        ("object=recorder", "object=ed448", "the private key on .* is no Ed25519 key"),
        ("object=recorder", "object=mute", "is not made to sign"),
        ("object=recorder", "object=rsa", "the private key on .* is no Ed25519 key"),
    ],
)
def test_what_cannot_be_used_is_said(old: str, new: str, problem: str) -> None:
    """With what was looked for and where."""
    with pytest.raises(ProofError, match=problem) as raised:
        opened(tokens().uri().replace(old, new))

    assert PIN not in str(raised.value)


@pytest.mark.parametrize("content", [b"0000-PIN\n", b"\xff\xfe", b""])
def test_a_pin_that_is_wrong_is_refused_without_being_told(tmp_path: Path, content: bytes) -> None:
    """Only its file is."""
    pin = tmp_path / "pin"
    pin.write_bytes(content)
    pin.chmod(0o600)
    with pytest.raises(ProofError, match=f"PIN.*{pin}|{pin} holds no PIN") as raised:
        opened(tokens().uri(device=LOCKED, pin=pin))

    assert "0000" not in repr(raised.value)
    assert "0000" not in repr(raised.value.__cause__)


def test_a_pin_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """And one that is not there."""
    pin = tmp_path / "pin"
    with pytest.raises(FileNotFoundError):
        opened(tokens().uri(pin=pin))
    pin.write_text(PIN)
    pin.chmod(0o640)
    with pytest.raises(ProofError, match="chmod 600"):
        opened(tokens().uri(pin=pin))


def test_a_token_that_does_not_sign_is_final() -> None:
    """The sealer then ends, and what is recorded waits."""
    signer = opened(tokens().uri())
    # A session that is over is what a token that was pulled out leaves.
    key = signer._private._key  # type: ignore[attr-defined] # it is a key on a token
    key.session.close()

    with pytest.raises(ArchiveError, match="the token gateway 1 does not sign: "):
        signer.sign(CHECKPOINT)
