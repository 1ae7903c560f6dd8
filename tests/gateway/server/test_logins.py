"""What a configuration says of logins is what clients meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.config.authentication import (
    NoAuthentication,
    Plain,
    PlainAuthentication,
    SaslAuthentication,
    Scram,
    ScramUser,
    User,
)
from gateway.config.model import Listener, Nodes
from gateway.config.oauthbearer import OAuthBearer
from gateway.identity.mechanism import Accepted, BearerToken, Password, Rejected
from gateway.identity.passwords import hash_password
from gateway.identity.principal import Principal
from gateway.identity.scram_credential import make_scram_credential
from gateway.server.deny_file import DenyFileError
from gateway.server.logins import Around, logins_of
from gateway.server.passwords import PasswordChecks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.config.authentication import Authentication

ALICE = User(name="alice", password_hash=hash_password("secret"), groups=("staff",))
LINES = tuple(make_scram_credential(name, "pw") for name in ("SCRAM-SHA-256", "SCRAM-SHA-512"))
BOB = ScramUser(name="bob", credentials=LINES)
TOKENS = OAuthBearer(issuer="https://idp.example", audiences=("kafka",))
EVE = ScramUser(name="eve", credentials=LINES[:1])


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Around]:
    """One thread of checks, and a folder."""
    made = PasswordChecks(workers=1)
    yield Around(passwords=made, journal=tmp_path, log=structlog.get_logger())
    made.close()


def _listener(authentication: Authentication) -> Listener:
    nodes = Nodes(first_port=9101, count=1)
    return Listener(name="clients", port=9100, nodes=nodes, authentication=authentication)


@pytest.mark.parametrize(
    ("authentication", "expected"),
    [
        (NoAuthentication(type="none"), []),
        (PlainAuthentication(type="plain", users=(ALICE,)), ["PLAIN"]),
        (
            SaslAuthentication(type="sasl", scram=Scram(users=(BOB, EVE))),
            ["SCRAM-SHA-512", "SCRAM-SHA-256"],
        ),
        (
            SaslAuthentication(type="sasl", scram=Scram(users=(EVE,)), plain=Plain(users=(ALICE,))),
            ["SCRAM-SHA-256", "PLAIN"],
        ),
    ],
)
def test_the_mechanisms_are_those_that_somebody_can_use(
    authentication: Authentication, expected: list[str], around: Around
) -> None:
    """The strongest stands first."""
    logins = logins_of(_listener(authentication), around)

    assert expected == [mechanism.name for mechanism in logins.mechanisms]
    assert logins.session_lifetime_ms is None


async def test_users_have_the_groups_that_stand_beside_them(around: Around) -> None:
    """And sessions the length that the listener gives them."""
    plain = Plain(users=(ALICE,))
    authentication = SaslAuthentication(type="sasl", session_minutes=5, plain=plain)
    logins = logins_of(_listener(authentication), around)
    principal = Principal(issuer="gateway:clients", subject="alice", groups=("staff",))

    assert Accepted(principal=principal) == await logins.credentials.check(
        Password("alice", "secret")
    )
    assert 300_000 == logins.session_lifetime_ms


async def test_what_changes_beside_the_traffic_is_looked_after(
    around: Around, tmp_path: Path
) -> None:
    """The issuer's keys and the deny list, which is in force from the start."""
    deny_list = tmp_path / "deny.yaml"
    deny_list.write_text("[{subject: alice}]")
    authentication = SaslAuthentication(type="sasl", oauthbearer=TOKENS, deny_list=deny_list)
    logins = logins_of(_listener(authentication), around)
    alice = Principal(issuer="any", subject="alice")

    assert 2 == len(logins.watchers)
    assert logins.denials.find(alice, None) is not None
    presented = await logins.credentials.check(BearerToken("a.b.c", "alice"))
    expected = "the issuer's keys are not at hand"
    assert isinstance(presented, Rejected)
    assert (expected, "alice") == (presented.reason, presented.claimed)


def test_a_deny_list_that_is_not_there_stops_the_start(around: Around, tmp_path: Path) -> None:
    """Nobody would be denied, and nobody would know."""
    authentication = SaslAuthentication(
        type="sasl", oauthbearer=TOKENS, deny_list=tmp_path / "none.yaml"
    )
    with pytest.raises(DenyFileError, match="No such file"):
        logins_of(_listener(authentication), around)
