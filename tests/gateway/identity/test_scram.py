"""SCRAM as RFC 5802 has it; the example is that of RFC 7677."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from gateway.identity.mechanism import Accepted, Challenge, Rejected
from gateway.identity.principal import Principal
from gateway.identity.scram import MESSAGE_BYTES_MAX, Account, Scram, ScramConversation
from gateway.identity.scram_credential import ScramCredential

USER = Principal(issuer="gateway:clients", subject="user")
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
SALTED = hashlib.pbkdf2_hmac("sha256", b"pencil", SALT, 4096)
CLIENT_KEY = hmac.digest(SALTED, b"Client Key", "sha256")
CREDENTIAL = ScramCredential(
    hash_name="sha256",
    iterations=4096,
    salt=SALT,
    stored_key=hashlib.sha256(CLIENT_KEY).digest(),
    server_key=hmac.digest(SALTED, b"Server Key", "sha256"),
)
MECHANISM = Scram("sha256", {"user": Account(USER, CREDENTIAL)}, b"k" * 32)
NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

FIRST = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
CHALLENGE = f"r=rOprNGfwEbeRWgbNEkqO{NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
FINAL = f"c=biws,r=rOprNGfwEbeRWgbNEkqO{NONCE},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="


def _begun() -> ScramConversation:
    return ScramConversation(MECHANISM, NONCE)


def test_the_example_of_the_rfc() -> None:
    """The server's signature shows the client that it knows the user, too."""
    conversation = _begun()

    assert Challenge(CHALLENGE.encode()) == conversation.take(FIRST.encode())
    signature = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    assert Accepted(principal=USER, data=signature) == conversation.take(FINAL.encode())


@pytest.mark.parametrize(("hash_name", "name"), [("sha256", "SHA-256"), ("sha512", "SHA-512")])
def test_the_mechanism_is_named_after_its_hash(hash_name: str, name: str) -> None:
    """As IANA has it."""
    mechanism = Scram(hash_name, {"user": Account(USER, CREDENTIAL)})

    assert f"SCRAM-{name}" == mechanism.name


def test_a_nonce_is_never_used_twice() -> None:
    """What was sent once proves nothing the next time."""
    first, second = (MECHANISM.begin().take(FIRST.encode()) for _ in range(2))

    assert first != second


@pytest.mark.parametrize(
    "message",
    [
        "n,a=user,n=user,r=x",
        "y,,n=user,r=x",
        "n,,n=user,r=x,ext=ension",
    ],
)
def test_harmless_variants_are_taken(message: str) -> None:
    """A client may say who it wants to be if that is itself, and that it knows channel binding."""
    assert isinstance(_begun().take(message.encode()), Challenge)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("", "the first SCRAM message does not follow RFC 5802"),
        ("p=tls-unique,,n=user,r=x", "the first SCRAM message does not follow RFC 5802"),
        ("n,,m=must,n=user,r=x", "the first SCRAM message does not follow RFC 5802"),
        ("n,,n=,r=x", "the first SCRAM message does not follow RFC 5802"),
        ("n,,n=user,r=", "the first SCRAM message does not follow RFC 5802"),
        ("n,,n=user,r=a b", "the first SCRAM message does not follow RFC 5802"),
        ("n,,n=us=er,r=x", "the first SCRAM message has a name with a stray ="),
        ("n,,n=us\0er,r=x", "the first SCRAM message has a name with a stray ="),
        ("n,a=root,n=user,r=x", "the first SCRAM message asks to act for somebody else"),
        ("n,,n=user,r=x,tokenauth=true", "delegation tokens are not taken here"),
        ("x" * (MESSAGE_BYTES_MAX + 1), "the SCRAM message is longer than 4096 bytes"),
    ],
)
def test_a_first_message_that_is_none_is_rejected(message: str, reason: str) -> None:
    """Why is for the record; the client is told the same each time."""
    rejected = _begun().take(message.encode())

    assert isinstance(rejected, Rejected)
    assert (reason, "Authentication failed: invalid user name or password") == (
        rejected.reason,
        rejected.message,
    )


def test_bytes_that_are_no_text_are_rejected() -> None:
    """And not quoted."""
    assert Rejected(reason="the SCRAM message is not UTF-8") == _begun().take(b"n,,n=\xff,r=x")


@pytest.mark.parametrize(
    ("final", "reason"),
    [
        ("nonsense", "the final SCRAM message does not follow RFC 5802"),
        (FINAL.replace("p=", "p=*"), "the final SCRAM message does not follow RFC 5802"),
        (FINAL.replace("biws", "eSws"), "the final SCRAM message is bound to another channel"),
        (FINAL.replace("biws", "*"), "the final SCRAM message is bound to another channel"),
        (FINAL.replace("r=rO", "r=RO"), "the final SCRAM message has another nonce"),
        (FINAL.replace("p=dH", "p=dI"), "wrong user or password"),
        (FINAL[: FINAL.index("p=")] + "p=AAAA", "wrong user or password"),
    ],
)
def test_a_proof_that_proves_nothing_is_rejected(final: str, reason: str) -> None:
    """The record has the name that was claimed."""
    conversation = _begun()
    conversation.take(FIRST.encode())

    assert Rejected(reason=reason, claimed="user") == conversation.take(final.encode())


def test_an_unknown_name_is_answered_as_a_known_one() -> None:
    """The same effort and length of salt, the same salt each time, and another for each name."""
    first = b"n,,n=nobody,r=x"
    one, again = (ScramConversation(MECHANISM, NONCE).take(first) for _ in range(2))
    other = ScramConversation(MECHANISM, NONCE).take(b"n,,n=stranger,r=x")

    assert isinstance(one, Challenge)
    assert one == again != other
    nonce, salt, iterations = one.data.decode().split(",")
    assert (f"r=x{NONCE}", "i=4096", 16) == (nonce, iterations, len(base64.b64decode(salt[2:])))


def test_an_unknown_name_gets_in_with_nothing() -> None:
    """Its proof fails as a wrong password does."""
    conversation = _begun()
    conversation.take(FIRST.replace("user", "nobody").encode())

    assert Rejected(reason="wrong user or password", claimed="nobody") == conversation.take(
        FINAL.encode()
    )


def test_commas_and_equals_signs_in_names_are_escaped() -> None:
    """RFC 5802 section 5.1."""
    odd = Principal(issuer="i", subject="a,b=c")
    mechanism = Scram("sha256", {"a,b=c": Account(odd, CREDENTIAL)})
    challenge = ScramConversation(mechanism, NONCE).take(b"n,,n=a=2Cb=3Dc,r=x")

    assert isinstance(challenge, Challenge)
    assert b",s=W22ZaJ0SNY7soEsUEjb6gQ==," in challenge.data


def test_nothing_is_checked_elsewhere() -> None:
    """The conversation itself has the last word."""
    verdict = Rejected(reason="any")

    assert verdict is _begun().take_verdict(verdict)
