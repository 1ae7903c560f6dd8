"""Tokens are checked with the keys at hand, and a new key is looked for once."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.config.oauthbearer import OAuthBearer
from gateway.identity.mechanism import Accepted, BearerToken, Rejected
from gateway.identity.oauthbearer import FAILED
from gateway.server.issuer_keys import IssuerKeys
from gateway.server.tokens import TokenChecks, token_rules
from tests.gateway.identity.tokens import AUDIENCE, FIRST, ISSUER, SECOND, key_set, token

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = OAuthBearer(issuer=ISSUER, audiences=(AUDIENCE,), groups_claim="$.realm.roles")


def _fresh(key: object = FIRST) -> str:
    now = int(time.time())
    algorithm = "RS256" if key is FIRST else "ES256"
    chosen = FIRST if key is FIRST else SECOND
    return token(chosen, algorithm, iat=now, exp=now + 60, realm={"roles": ["r"]})


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A file with the first key."""
    path = tmp_path / "keys.json"
    path.write_bytes(key_set(FIRST))
    return path


@pytest.fixture
def checks(place: Path) -> TokenChecks:
    """The checks of a listener that takes its issuer's keys from the file."""
    config = CONFIG.model_copy(update={"keys": str(place)})
    return TokenChecks(IssuerKeys(config, structlog.get_logger()), token_rules(config))


async def test_the_first_token_waits_for_the_keys(checks: TokenChecks) -> None:
    """Without keys nobody gets in; they are fetched beside the traffic."""
    rejected = await checks.check(BearerToken(_fresh()), None)
    await checks._keys.look_for("k-1")

    assert Rejected(reason="the issuer's keys are not at hand", message=FAILED) == rejected
    accepted = await checks.check(BearerToken(_fresh()), None)
    assert isinstance(accepted, Accepted)
    assert ("alice", ("r",)) == (accepted.principal.subject, accepted.principal.groups)


async def test_a_login_waits_for_a_fetch_that_is_under_way(checks: TokenChecks) -> None:
    """Clients that come with the gateway's start need not come twice."""
    looking = asyncio.create_task(checks._keys.look_for("k-1"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert isinstance(await checks.check(BearerToken(_fresh()), None), Accepted)
    await looking


async def test_a_key_that_the_issuer_has_just_begun_to_use_is_found(
    checks: TokenChecks, place: Path
) -> None:
    """No client notices the change."""
    await checks._keys.look_for("k-1")
    place.write_bytes(key_set(FIRST, SECOND))

    assert isinstance(await checks.check(BearerToken(_fresh(SECOND)), None), Accepted)


async def test_a_key_that_nobody_knows_is_looked_for_once(checks: TokenChecks, place: Path) -> None:
    """Whoever invents keys does not make us ask for each of them again and again."""
    await checks._keys.look_for("k-1")
    unknown = [await checks.check(BearerToken(_fresh(SECOND), "alice"), None) for _ in range(2)]
    place.write_bytes(key_set(FIRST, SECOND))
    unknown.append(await checks.check(BearerToken(_fresh(SECOND), "alice"), None))

    reason = "the token's key is not one of the issuer's"
    assert [Rejected(reason=reason, claimed="alice", message=FAILED)] * 3 == unknown


def test_rules_are_what_the_configuration_says() -> None:
    """Issuer and audience are there in any case."""
    rules = token_rules(CONFIG.model_copy(update={"certificate_binding": "required"}))

    assert (ISSUER, frozenset({AUDIENCE})) == (rules.issuer, rules.audiences)
    assert (("realm", "roles"), True) == (rules.groups_claim, rules.requires_certificate)
    assert token_rules(CONFIG.model_copy(update={"groups_claim": None})).groups_claim is None
