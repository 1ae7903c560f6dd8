"""A listener vouches for its own users, and says nothing of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.identity.mechanism import Accepted, Password, Rejected
from gateway.identity.passwords import hash_password, parse_password_hash
from gateway.identity.principal import Principal
from gateway.server.credentials import CredentialChecks, KnownUser
from gateway.server.passwords import PasswordChecks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.identity.mechanism import Verdict

ALICE = Principal(issuer="gateway:clients", subject="alice")


@pytest.fixture
def checks() -> Iterator[CredentialChecks]:
    """The checks of a listener with one user."""
    passwords = PasswordChecks(workers=1)
    users = {"alice": KnownUser(ALICE, parse_password_hash(hash_password("secret")))}
    yield CredentialChecks(passwords, users)
    passwords.close()


@pytest.mark.parametrize(
    ("presented", "expected"),
    [
        (Password("alice", "secret"), Accepted(principal=ALICE)),
        (
            Password("alice", "wrong"),
            Rejected(reason="wrong user or password", claimed="alice"),
        ),
        (Password("bob", "secret"), Rejected(reason="wrong user or password", claimed="bob")),
    ],
)
async def test_only_the_right_password_of_a_user_is_good(
    checks: CredentialChecks, presented: Password, expected: Verdict
) -> None:
    """Unknown names and wrong passwords are told apart by nobody."""
    assert expected == await checks.check(presented)
