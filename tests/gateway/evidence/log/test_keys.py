"""Keys verify what C2SP says that they sign, and nothing else."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from gateway.evidence.errors import ProofError
from gateway.evidence.log.keys import Algorithm, PublicKey, decode_vkey, verify_note
from gateway.evidence.log.note import Note, Signature, decode_note
from gateway.evidence.log.signing import Signer

CHECKPOINT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
# The example in the documentation of Go's package of signed notes.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
)


def signer(algorithm: Algorithm, name: str = "example.com/key") -> Signer:
    """Return a signer with a key of its own."""
    private = (
        MLDSA44PrivateKey.from_seed_bytes(b"1" * 32)
        if algorithm is Algorithm.ML_DSA_44
        else Ed25519PrivateKey.from_private_bytes(b"1" * 32)
    )
    return Signer(PublicKey(name, algorithm, private.public_key().public_bytes_raw()), private)


def test_a_note_that_another_program_signed_is_verified() -> None:
    """The example of Go's package of signed notes."""
    key = decode_vkey(PETER)

    assert {key: None} == verify_note(decode_note(PETER_NOTE.encode()), [key])


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_is_read_from_its_text(algorithm: Algorithm) -> None:
    """Name, id and bytes."""
    public = signer(algorithm).public

    assert public == decode_vkey(public.vkey)


@pytest.mark.parametrize("algorithm", Algorithm)
def test_a_key_verifies_its_signature_and_tells_the_time(algorithm: Algorithm) -> None:
    """Only cosignatures state one."""
    key = signer(algorithm)
    note = Note(CHECKPOINT, (key.sign(CHECKPOINT, time_s=1679315147),))
    expected = None if algorithm is Algorithm.ED25519 else 1679315147

    assert {key.public: expected} == verify_note(note, [key.public])


@pytest.mark.parametrize("algorithm", Algorithm)
def test_any_changed_bit_is_found(algorithm: Algorithm) -> None:
    """In the text and in the signature, its time included."""
    key = signer(algorithm)
    content = key.sign(CHECKPOINT, time_s=1679315147).content
    places = range(0, len(content) * 8, 1 if len(content) < 100 else 211)

    for bit in places:
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ProofError):
            key.public.verify(CHECKPOINT, bytes(changed))
    with pytest.raises(ProofError):
        key.public.verify(CHECKPOINT.replace("behind", "beyond"), content)


def test_the_signature_of_a_known_key_that_fits_not_spoils_the_note() -> None:
    """Those of unknown keys are ignored, even under a known name."""
    key, other = signer(Algorithm.ED25519), signer(Algorithm.COSIGNATURE_ED25519)
    stranger = other.sign(CHECKPOINT)
    assert {} == verify_note(Note(CHECKPOINT, (stranger,)), [key.public])

    wrong = Signature(key.public.name, key.public.key_id, b"x" * 64)
    with pytest.raises(ProofError):
        verify_note(Note(CHECKPOINT, (stranger, wrong)), [key.public])


def test_a_cosignature_s_message_is_the_specified_one() -> None:
    """Two lines before the checkpoint."""
    key = signer(Algorithm.COSIGNATURE_ED25519)
    private = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
    message = f"cosignature/v1\ntime 7\n{CHECKPOINT}".encode()

    assert (7).to_bytes(8, "big") + private.sign(message) == key.sign(CHECKPOINT, time_s=7).content


@pytest.mark.parametrize("text", ["hello\n", CHECKPOINT + "extension\n", "a\nb\nc\n"])
def test_only_checkpoints_are_signed_with_ml_dsa(text: str) -> None:
    """The signed structure has no place for anything else."""
    with pytest.raises(ProofError):
        signer(Algorithm.ML_DSA_44).sign(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PeterNeumann",
        PETER.replace("c74f20a3", "c74f20a4"),
        PETER.replace("PeterNeumann", "Peter Neumann"),
        PETER[:-4],
        PETER.replace("+AR", "+/R"),
        "x+00000000+",
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    """A key that was copied in part is noticed by its id."""
    with pytest.raises(ProofError):
        decode_vkey(text)
