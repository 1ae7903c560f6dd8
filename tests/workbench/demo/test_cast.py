"""Accounts keep their passwords to themselves, and topics of a shared cluster have a prefix."""

from __future__ import annotations

from workbench.demo.cast import ACCOUNTS, Accounts, Topics


def test_passwords_differ_between_accounts_and_runs() -> None:
    """Nobody can log in to a demo with what another one used."""
    passwords = [*Accounts.create().passwords.values(), *Accounts.create().passwords.values()]

    assert 2 * len(ACCOUNTS) == len(set(passwords))


def test_nothing_shows_a_password() -> None:
    """An error message or a log line that shows these values is harmless."""
    accounts = Accounts.create()
    login = accounts.login("orders", "orders-1", "127.0.0.1:1")

    assert login.password == accounts.passwords["orders"]
    assert login.password not in f"{accounts}{accounts!r}{login}{login!r}"


def test_every_name_on_a_shared_cluster_begins_with_the_prefix() -> None:
    """What the run made can be told from what was there."""
    topics = Topics(prefix="run-1.")
    names = {*topics.services, topics.drop, topics.group("ledger")}

    assert len(names) == 5
    assert all(name.startswith("run-1.") for name in names)
