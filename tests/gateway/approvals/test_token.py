"""The tokens of reviewers."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.approvals.token import TOKEN_CHARACTERS_MAX, TokenError, Tokens
from tests.gateway.approvals import provider as providers
from tests.gateway.approvals.samples import ISSUER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.gateway.approvals.provider import Provider


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """Run a provider."""
    async with providers.running() as running:
        yield running


async def test_a_good_token_says_who_somebody_is(provider: Provider) -> None:
    """Issuer, subject, groups, names, when they logged in; the token itself only as its hash."""
    token = provider.token("ben", "security", preferred_username="bb", email="b@example.com")
    reviewer = await Tokens(provider.options).reviewer(token)

    assert (ISSUER, "ben", ("security",)) == (
        reviewer.person.issuer,
        reviewer.person.subject,
        reviewer.groups,
    )
    assert {"bb", "b@example.com"} == reviewer.names
    assert isinstance(reviewer.auth_time, int)
    assert hashlib.sha256(token.encode()).hexdigest() == reviewer.token_hash


BAD: dict[str, dict[str, object]] = {
    "another issuer": {"iss": "https://evil.example"},
    "another audience": {"aud": "kafka"},
    "no audience": {"aud": None},
    "expired": {"exp": int(time.time()) - 3600},
    "never expires": {"exp": None},
    "not yet": {"nbf": int(time.time()) + 3600},
    "nobody": {"sub": ""},
    "a number for a subject": {"sub": 7},
    "groups that are a text": {"groups": "security"},
    "groups of numbers": {"groups": [7]},
}


@pytest.mark.parametrize("case", BAD)
async def test_a_token_of_others_proves_nothing(provider: Provider, case: str) -> None:
    """Whatever is missing or wrong, nobody comes in."""
    with pytest.raises(TokenError):
        await Tokens(provider.options).reviewer(provider.token("ben", **BAD[case]))


def _forged(provider: Provider, case: str) -> str:
    claims = {"iss": ISSUER, "aud": "approvals", "sub": "ben", "exp": int(time.time()) + 60}
    header, payload, signature = provider.token("ben").split(".")
    match case:
        case "another key":
            key = ECKey.generate_key("P-256", {"kid": "one"})
            return jwt.encode({"alg": "ES256", "kid": "one"}, claims, key)
        case "no signature":
            return f"{header}.{payload}."
        case "changed":
            return f"{header}.{payload[:-2]}AA.{signature}"
        case "too long":
            return "a" * (TOKEN_CHARACTERS_MAX + 1)
        case _:
            return case


@pytest.mark.parametrize(
    "case", ["another key", "no signature", "changed", "too long", "", "a.b.c", "\x00", "é.é.é"]
)
async def test_a_forged_token_is_refused(provider: Provider, case: str) -> None:
    """Only the provider's signature counts, and the text tells nothing of the token."""
    token = _forged(provider, case)
    with pytest.raises(TokenError) as caught:
        await Tokens(provider.options).reviewer(token)

    assert not token or token not in str(caught.value)


async def test_a_new_key_is_fetched_when_it_is_first_seen(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made-up keys do not make a load of that."""
    tokens = Tokens(provider.options)
    await tokens.reviewer(provider.token("ben"))
    provider.rotate()
    with pytest.raises(TokenError):
        await tokens.reviewer(provider.token("ben"))
    early = provider.fetched
    monkeypatch.setattr("gateway.approvals.token.REFRESH_SECONDS", 0)
    reviewer = await tokens.reviewer(provider.token("ben"))

    assert (1, 2, "ben") == (early, provider.fetched, reviewer.person.subject)


async def test_without_the_provider_nobody_is_let_in(provider: Provider) -> None:
    """Keys that are not to be had verify nothing."""
    token = provider.token("ben")
    provider.jwks = provider.jwks.replace("/jwks", "/gone")
    with pytest.raises(TokenError, match="not to be had"):
        await Tokens(provider.options).reviewer(token)
