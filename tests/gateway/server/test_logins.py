"""What a configuration says of logins is what clients meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

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
from gateway.identity.mechanism import Accepted, Password
from gateway.identity.passwords import hash_password
from gateway.identity.principal import Principal
from gateway.identity.scram_credential import make_scram_credential
from gateway.server.logins import logins_of
from gateway.server.passwords import PasswordChecks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from gateway.config.authentication import Authentication

ALICE = User(name="alice", password_hash=hash_password("secret"), groups=("staff",))
LINES = tuple(make_scram_credential(name, "pw") for name in ("SCRAM-SHA-256", "SCRAM-SHA-512"))
BOB = ScramUser(name="bob", credentials=LINES)
EVE = ScramUser(name="eve", credentials=LINES[:1])


@pytest.fixture
def passwords() -> Iterator[PasswordChecks]:
    """One thread of checks."""
    made = PasswordChecks(workers=1)
    yield made
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
    authentication: Authentication, expected: list[str], passwords: PasswordChecks, tmp_path: Path
) -> None:
    """The strongest stands first."""
    logins = logins_of(_listener(authentication), passwords, tmp_path)

    assert expected == [mechanism.name for mechanism in logins.mechanisms]
    assert logins.session_lifetime_ms is None


async def test_users_have_the_groups_that_stand_beside_them(
    passwords: PasswordChecks, tmp_path: Path
) -> None:
    """And sessions the length that the listener gives them."""
    plain = Plain(users=(ALICE,))
    authentication = SaslAuthentication(type="sasl", session_minutes=5, plain=plain)
    logins = logins_of(_listener(authentication), passwords, tmp_path)
    principal = Principal(issuer="gateway:clients", subject="alice", groups=("staff",))

    assert Accepted(principal=principal) == await logins.credentials.check(
        Password("alice", "secret")
    )
    assert 300_000 == logins.session_lifetime_ms
