"""Password checks beside the loop."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from gateway.identity.passwords import hash_password, parse_password_hash
from gateway.server.passwords import PasswordChecks

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = {"alice": parse_password_hash(hash_password("secret"))}


@pytest.fixture
def checks() -> Iterator[PasswordChecks]:
    """Two threads of checks."""
    made = PasswordChecks(workers=2)
    yield made
    made.close()


async def test_only_the_right_password_of_a_known_name_is_right(checks: PasswordChecks) -> None:
    """A wrong password and an unknown name are equally wrong, also with the decoy's password."""
    assert await checks.is_right(USERS, "alice", "secret")
    assert not await checks.is_right(USERS, "alice", "Secret")
    assert not await checks.is_right(USERS, "bob", "secret")
    assert not await checks.is_right(USERS, "bob", "decoy")


async def test_an_unknown_name_costs_as_much_as_a_known_one(checks: PasswordChecks) -> None:
    """Names cannot be told apart by how long the refusal takes."""

    async def seconds(name: str) -> float:
        started = time.perf_counter()
        await checks.is_right(USERS, name, "wrong")
        return time.perf_counter() - started

    known = min([await seconds("alice") for _ in range(3)])
    unknown = min([await seconds("bob") for _ in range(3)])

    assert unknown > known / 3


async def test_the_loop_goes_on_while_passwords_are_checked(checks: PasswordChecks) -> None:
    """Checks run in threads, so that other connections are served meanwhile."""
    checking = asyncio.gather(*(checks.is_right(USERS, "alice", "x") for _ in range(6)))
    turns = 0
    while not checking.done():
        await asyncio.sleep(0.001)
        turns += 1

    assert turns > 10
    assert not any(await checking)
