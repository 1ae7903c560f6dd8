"""A token is good when nothing at all speaks against it."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from joserfc.jwk import ECKey, RSAKey

from gateway.identity.key_set import parse_key_set
from gateway.identity.principal import Principal
from gateway.identity.token import TokenError, UnknownKeyError, verify_token
from tests.gateway.identity.tokens import (
    CLAIMS,
    FIRST,
    FOR_ENCRYPTION,
    ISSUER,
    KEYS,
    NOW,
    NOW_NS,
    RULES,
    SECOND,
    key_set,
    sign,
    signed_with_secret,
    text_of,
    token,
)

if TYPE_CHECKING:
    from gateway.identity.mechanism import Accepted
    from gateway.identity.token import TokenRules

STRANGER = RSAKey.generate_key(2048, {"kid": "k-1"})
CERTIFICATE = b"a certificate in DER"
THUMBPRINT = urlsafe_b64encode(hashlib.sha256(CERTIFICATE).digest()).decode().rstrip("=")
GOOD = token()
HEADER, PAYLOAD, SIGNATURE = GOOD.split(".")


def _verify(presented: str, rules: TokenRules = RULES) -> Accepted:
    return verify_token(presented, KEYS, rules, NOW_NS)


@pytest.mark.parametrize("presented", [GOOD, token(SECOND, "ES256")])
def test_a_good_token_says_whose_it_is(presented: str) -> None:
    """The record has what identifies it, and not the token itself."""
    accepted = _verify(presented)
    facts = accepted.detail["token"]

    assert (
        Principal(issuer=ISSUER, subject="alice", groups=("staff", "analysts"))
        == accepted.principal
    )
    assert ("t-1", (NOW + 300) * 10**9) == (accepted.jti, accepted.expires_ns)
    assert isinstance(facts, dict)
    assert hashlib.sha256(presented.encode()).hexdigest() == facts["sha256"]
    assert ("t-1", ["kafka"], NOW + 300) == (facts["jti"], facts["aud"], facts["exp"])
    assert presented.split(".")[1] not in json.dumps(facts)


FORGED = {
    "signed with the public key as a shared secret": signed_with_secret(
        FIRST.as_pem(private=False)
    ),
    "not signed": f"{text_of({'alg': 'none', 'kid': 'k-1'})}.{PAYLOAD}.",
    "not signed, with a signature": f"{text_of({'alg': 'none'})}.{PAYLOAD}.{SIGNATURE}",
    "a key of its own": sign(CLAIMS, STRANGER, jwk=STRANGER.as_dict(private=False)),
    "the key of another": sign(CLAIMS, STRANGER),
    "an unknown extension": sign(CLAIMS, crit=["exp"], exp=1),
    "a detached payload": sign(CLAIMS, crit=["b64"], b64=True),
    "an unknown key": sign(CLAIMS, FIRST, kid="k-9"),
    "no key named of several": sign(CLAIMS, FIRST, kid=None),
    "a key named by a number": sign(CLAIMS, FIRST, kid=7),
    "a key with an endless name": sign(CLAIMS, FIRST, kid="k" * 1_001),
    "a key for encryption": sign(CLAIMS, FOR_ENCRYPTION),
    "a key for another algorithm": sign(CLAIMS, FIRST, "PS256"),
    "an algorithm in other letters": sign(CLAIMS, FIRST).replace(
        HEADER, text_of({"alg": "rs256", "kid": "k-1"})
    ),
    "an endless header": sign(CLAIMS, FIRST, x="x" * 10_000),
    "an endless payload": token(x="x" * 40_000),
    "another payload": f"{HEADER}.{text_of(CLAIMS | {'sub': 'root'})}.{SIGNATURE}",
    "another signature": f"{HEADER}.{PAYLOAD}.{SIGNATURE[:-4]}AAAA",
    "no signature": f"{HEADER}.{PAYLOAD}.",
    "five parts": f"{GOOD}.AAAA.AAAA",
    "spaces": f"{GOOD} ",
    "padding": f"{GOOD}=",
    "no base64": f"A.{PAYLOAD}.{SIGNATURE}",
    "no object": sign(b"[]"),
    "a claim given twice": sign(json.dumps(CLAIMS).encode()[:-1] + b', "sub": "root"}'),
    "expired": token(exp=NOW - 30),
    "expiry as text": token(exp=str(NOW + 300)),
    "expiry as true": token(exp=True),
    "expiry beyond all time": token(exp=1e300),
    "no expiry": token(exp=None),
    "no time of issue": token(iat=None),
    "issued in the future": token(iat=NOW + 31),
    "not valid yet": token(nbf=NOW + 31),
    "validity as true": token(nbf=True),
    "another issuer": token(iss="https://idp.example/realms/other"),
    "an issuer that begins alike": token(iss=ISSUER[:-1]),
    "an issuer that goes on": token(iss=ISSUER + "/"),
    "issuers in a list": token(iss=[ISSUER]),
    "no issuer": token(iss=None),
    "another audience": token(aud="kafka2"),
    "another audience in a list": token(aud=["kafka2", "KAFKA"]),
    "audiences of another type": token(aud=["kafka", 7]),
    "no audience": token(aud=None),
    "no subject": token(sub=None),
    "an empty subject": token(sub=""),
    "a subject that is no text": token(sub=7),
    "bound to a certificate": token(cnf={"x5t#S256": THUMBPRINT}),
    "bound to a key": token(cnf={"jkt": THUMBPRINT}),
    "too many groups": token(groups=[str(n) for n in range(1_001)]),
}


@pytest.mark.parametrize("presented", FORGED.values(), ids=FORGED.keys())
def test_a_token_with_a_doubt_is_refused(presented: str) -> None:
    """Whatever the doubt; the reason repeats nothing of the token."""
    with pytest.raises(TokenError) as told:
        _verify(presented)

    assert "alice" not in str(told.value)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "rs256", "ES384", None])
def test_no_key_is_looked_for_where_the_algorithm_is_not_allowed(algorithm: str | None) -> None:
    """Which algorithm it is decides the listener, not the token."""
    with pytest.raises(TokenError, match="an algorithm that is not allowed"):
        _verify(f"{text_of({'alg': algorithm, 'kid': 'k-9'})}.{PAYLOAD}.{SIGNATURE}")


@pytest.mark.parametrize("kid", ["k-9", None])
def test_an_unknown_key_is_named_for_whoever_can_look_for_it(kid: str | None) -> None:
    """It may be one that the issuer has just begun to use."""
    with pytest.raises(UnknownKeyError) as told:
        _verify(sign(CLAIMS, FIRST, kid=kid))

    assert kid == told.value.kid


@pytest.mark.parametrize(
    "presented",
    [
        token(exp=NOW - 29),
        token(iat=NOW + 30),
        token(nbf=NOW + 30),
        token(aud=["other", "kafka"]),
        token(exp=NOW + 0.5),
        token(jti=None),
        sign(CLAIMS, FIRST, typ="anything"),
        sign(CLAIMS, FIRST, x5t="unknown"),
    ],
)
def test_what_is_within_the_rules_is_good(presented: str) -> None:
    """Clocks may differ by half a minute; headers that demand nothing are passed over."""
    assert "alice" == _verify(presented).principal.subject


def test_an_only_key_need_not_be_named() -> None:
    """There is no choice."""
    presented = sign(CLAIMS, SECOND, "ES256", kid=None)

    assert (
        "alice"
        == verify_token(presented, parse_key_set(key_set(SECOND)), RULES, NOW_NS).principal.subject
    )


def test_a_key_is_used_with_its_own_algorithm_only() -> None:
    """Also where the listener takes the other one."""
    rules = replace(RULES, algorithms=frozenset({"RS256", "PS256"}))

    with pytest.raises(TokenError, match="key is for another algorithm"):
        _verify(sign(CLAIMS, FIRST, "PS256"), rules)


def test_a_key_of_another_curve_checks_nothing() -> None:
    """The library's own complaint is a refusal too."""
    wide = ECKey.generate_key("P-384", {"kid": "k-2"})

    with pytest.raises(TokenError, match="signature is wrong"):
        verify_token(token(SECOND, "ES256"), parse_key_set(key_set(wide)), RULES, NOW_NS)


@pytest.mark.parametrize(
    ("kind", "is_good"),
    [("at+jwt", True), ("application/AT+JWT", True), ("JWT", False), (None, False), (7, False)],
)
def test_a_type_that_is_demanded_must_be_there(kind: object, *, is_good: bool) -> None:
    """RFC 9068: an identity token must not pass for an access token."""
    rules = replace(RULES, token_types=frozenset({"at+jwt"}))
    presented = sign(CLAIMS, FIRST, typ=kind)
    if is_good:
        assert "alice" == _verify(presented, rules).principal.subject
        return
    with pytest.raises(TokenError, match="another type"):
        _verify(presented, rules)


@pytest.mark.parametrize(
    ("cnf", "certificate", "is_required", "expected"),
    [
        ({"x5t#S256": THUMBPRINT}, CERTIFICATE, True, None),
        ({"x5t#S256": THUMBPRINT}, CERTIFICATE, False, None),
        (None, CERTIFICATE, False, None),
        (None, CERTIFICATE, True, "not bound"),
        ({"x5t#S256": THUMBPRINT}, None, False, "the client has none"),
        ({"x5t#S256": THUMBPRINT}, b"another", False, "another certificate"),
        ({"jkt": "x"}, CERTIFICATE, False, "cannot be checked"),
        ("text", CERTIFICATE, False, "cannot be checked"),
    ],
)
def test_a_bound_token_is_good_with_its_certificate_only(
    cnf: object, certificate: bytes | None, *, is_required: bool, expected: str | None
) -> None:
    """RFC 8705: who stole it cannot use it."""
    rules = replace(RULES, requires_certificate=is_required)
    presented = token(cnf=cnf)
    if expected is None:
        accepted = verify_token(presented, KEYS, rules, NOW_NS, certificate)
        assert "alice" == accepted.principal.subject
        return
    with pytest.raises(TokenError, match=expected):
        verify_token(presented, KEYS, rules, NOW_NS, certificate)


@pytest.mark.parametrize(
    ("groups", "delimiter", "expected"),
    [
        (["b", "a", "b"], None, ("b", "a")),
        (["a", 7, None, ""], None, ("a",)),
        ("a, b", ",", ("a", "b")),
        ("a, b", None, ()),
        ("", ",", ()),
        ({"a": True}, None, ()),
        (True, ",", ()),
        (None, None, ()),
    ],
)
def test_groups_that_cannot_be_read_are_no_groups(
    groups: object, delimiter: str | None, expected: tuple[str, ...]
) -> None:
    """And never all of them."""
    rules = replace(RULES, groups_delimiter=delimiter)

    assert expected == _verify(token(groups=groups), rules).principal.groups


def test_without_a_claim_for_them_there_are_no_groups() -> None:
    """What is not configured does not count."""
    assert () == _verify(GOOD, replace(RULES, groups_claim=None)).principal.groups


def test_the_first_claim_that_is_there_names_the_principal() -> None:
    """Machines and people may be named in different ones."""
    rules = replace(RULES, principal_claims=(("preferred_username",), ("act", "sub"), ("sub",)))

    assert "alice" == _verify(GOOD, rules).principal.subject
    assert "robot" == _verify(token(act={"sub": "robot"}), rules).principal.subject
