"""Access tokens (RFC 7519, RFC 9068): whether one is good, and whose it is.

Whoever holds a bearer token is taken for its subject, so every doubt is a refusal: an algorithm
that was not chosen, a key that is not the issuer's, a claim that is missing or of another type, a
JSON member that is given twice.
"""

from __future__ import annotations

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry, deserialize_compact

from gateway.identity.claim_path import look_up
from gateway.identity.mechanism import Accepted
from gateway.identity.principal import Principal
from gateway.identity.strict_json import StrictJsonError, parse_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.identity.key_set import KeySet

TOKEN_CHARACTERS_MAX = 32 * 1024
"""Above what providers with many groups issue; brokers take 512 KiB, which nobody needs."""
HEADER_CHARACTERS_MAX = 8 * 1024
KID_CHARACTERS_MAX = 1_000
SKEW_SECONDS = 30
"""How far the issuer's clock and ours may be apart."""
PARTS = 3
NS = 1_000_000_000
GROUPS_MAX = 1_000
TIME_MAX = 1e11
"""Seconds, a few thousand years from now: beyond it something else was meant."""

_PART = re.compile(r"[A-Za-z0-9_-]+")


class TokenError(Exception):
    """The token is not good; the text is for the record and repeats nothing of the token."""


class UnknownKeyError(TokenError):
    """The token was signed with a key that the issuer may have begun to use just now."""

    def __init__(self, kid: str | None) -> None:
        super().__init__("the token's key is not one of the issuer's")
        self.kid = kid


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """What a listener demands of tokens; claims are given by their paths."""

    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str]
    token_types: frozenset[str] = frozenset()
    """Which `typ` a token may have, in lower case; none: any, or no, type."""
    principal_claims: tuple[tuple[str, ...], ...] = (("sub",),)
    """The first that is there names the principal."""
    groups_claim: tuple[str, ...] | None = None
    groups_delimiter: str | None = None
    requires_certificate: bool = False
    """Whether a token must be bound to the client's certificate (RFC 8705)."""


def verify_token(
    token: str, keys: KeySet, rules: TokenRules, now_ns: int, certificate: bytes | None = None
) -> Accepted:
    """Return whose token this is at a time of the wall clock.

    `certificate` is the one that the client proved to have, in DER. Raises UnknownKeyError when the
    key is not there, TokenError for any other reason against it.
    """
    header, claims = _verified(token, keys, rules)
    expires_ns = _check_times(claims, now_ns)
    if claims.get("iss") != rules.issuer:
        raise TokenError("the token has another issuer")
    audiences = _audiences(claims.get("aud"))
    if not rules.audiences.intersection(audiences):
        raise TokenError("the token is for another audience")
    _check_binding(claims, certificate, is_required=rules.requires_certificate)
    jti = claims.get("jti")
    facts = {name: claims[name] for name in ("exp", "iat", "auth_time") if name in claims}
    return Accepted(
        principal=Principal(
            issuer=rules.issuer, subject=_subject(claims, rules), groups=_groups(claims, rules)
        ),
        expires_ns=expires_ns,
        jti=jti if isinstance(jti, str) else None,
        detail={
            "token": {
                "sha256": hashlib.sha256(token.encode()).hexdigest(),
                "kid": header.get("kid"),
                "alg": header.get("alg"),
                "jti": jti,
                "aud": audiences,
                **facts,
            }
        },
    )


def _verified(
    token: str, keys: KeySet, rules: TokenRules
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    if len(token) > TOKEN_CHARACTERS_MAX:
        raise TokenError(f"the token is longer than {TOKEN_CHARACTERS_MAX} characters")
    parts = token.split(".")
    is_jwt = len(parts) == PARTS and all(map(_PART.fullmatch, parts))
    if not is_jwt or len(parts[0]) > HEADER_CHARACTERS_MAX:
        raise TokenError("the token is no signed JWT")
    header, claims = (_json_part(part) for part in parts[:2])
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in rules.algorithms:
        raise TokenError("the token has an algorithm that is not allowed")
    if "crit" in header:
        raise TokenError("the token demands extensions")
    kind = header.get("typ")
    if rules.token_types and (not isinstance(kind, str) or _media_type(kind) not in _types(rules)):
        raise TokenError("the token has another type")
    if kid is not None and (not isinstance(kid, str) or len(kid) > KID_CHARACTERS_MAX):
        raise TokenError("the token names its key in no known form")
    named = keys.find(kid)
    if named is None:
        raise UnknownKeyError(kid)
    if named.algorithm not in {None, algorithm}:
        raise TokenError("the token's key is for another algorithm")
    registry = JWSRegistry(algorithms=sorted(rules.algorithms), strict_check_header=False)
    registry.max_header_length = HEADER_CHARACTERS_MAX
    try:
        deserialize_compact(token, named.key, registry=registry)
    except (JoseError, ValueError, TypeError):
        raise TokenError("the token's signature is wrong") from None
    return header, claims


def _json_part(part: str) -> dict[str, object]:
    try:
        return parse_object(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except StrictJsonError as error:
        raise TokenError(f"a part of the token {error}") from None
    except ValueError:
        raise TokenError("a part of the token is not base64url") from None


def _types(rules: TokenRules) -> frozenset[str]:
    return frozenset(map(_media_type, rules.token_types))


def _media_type(kind: str) -> str:
    # RFC 7515 section 4.1.9: `application/` is left out where no other slash is.
    return kind.casefold().removeprefix("application/")


def _check_times(claims: Mapping[str, object], now_ns: int) -> int:
    now = now_ns / NS
    expires = _time(claims, "exp")
    if expires <= now - SKEW_SECONDS:
        raise TokenError("the token has expired")
    if _time(claims, "iat") > now + SKEW_SECONDS:
        raise TokenError("the token was issued in the future")
    if "nbf" in claims and _time(claims, "nbf") > now + SKEW_SECONDS:
        raise TokenError("the token is not valid yet")
    return int(expires * NS)


def _time(claims: Mapping[str, object], name: str) -> float:
    value = claims.get(name)
    # JSON's true is a number to Python.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < TIME_MAX:
        raise TokenError(f"the token's {name} is missing or no time")
    return float(value)


def _audiences(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return list(value)
    raise TokenError("the token's aud is missing or no text")


def _check_binding(
    claims: Mapping[str, object], certificate: bytes | None, *, is_required: bool
) -> None:
    if "cnf" not in claims:
        if is_required:
            raise TokenError("the token is not bound to a certificate")
        return
    bound = look_up(claims, ("cnf", "x5t#S256"))
    if not isinstance(bound, str):
        raise TokenError("the token is bound to something that cannot be checked")
    if certificate is None:
        raise TokenError("the token is bound to a certificate, and the client has none")
    thumbprint = urlsafe_b64encode(hashlib.sha256(certificate).digest()).decode().rstrip("=")
    if bound != thumbprint:
        raise TokenError("the token is bound to another certificate")


def _subject(claims: Mapping[str, object], rules: TokenRules) -> str:
    for path in rules.principal_claims:
        value = look_up(claims, path)
        if isinstance(value, str) and value:
            return value
    raise TokenError("the token names no principal")


def _groups(claims: Mapping[str, object], rules: TokenRules) -> tuple[str, ...]:
    if rules.groups_claim is None:
        return ()
    value = look_up(claims, rules.groups_claim)
    if isinstance(value, str) and rules.groups_delimiter:
        value = [each.strip() for each in value.split(rules.groups_delimiter)]
    # Anything else is no groups, never all.
    named = value if isinstance(value, list) else []
    groups = [each for each in named if isinstance(each, str) and each]
    if len(groups) > GROUPS_MAX:
        raise TokenError(f"the token has more than {GROUPS_MAX} groups")
    return tuple(dict.fromkeys(groups))
