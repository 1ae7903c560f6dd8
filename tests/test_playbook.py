"""A playbook fails where a conversation differs from its script."""

from __future__ import annotations

import pytest

from gateway.apis.addresses import AddressMap
from gateway.evidence.event import EventKind
from gateway.session.effects import CloseClient
from gateway.session.options import Connection, SessionOptions
from gateway.session.session import Session
from gateway.session.signals import ClientConnected, ClientEof
from gateway.session.topology import Topology
from tests.playbook import Playbook, row


@pytest.fixture
def play() -> Playbook:
    """Give a playbook over a session to which nothing was said."""
    addresses = AddressMap(host="gateway", first_port=9100, first_node_id=0, count=1)
    options = SessionOptions(listener="clients", addresses=addresses)
    connection = Connection(session_id="s", peer="client:1", local="gateway:1")
    return Playbook(Session(options, connection, Topology()))


def test_a_script_that_agrees_finishes(play: Playbook) -> None:
    """A script that names every effect in order passes."""
    (
        play
        >> ClientConnected()
        << row(EventKind.SESSION_OPEN, listener="clients", detail={"local": "gateway:1"})
        >> ClientEof()
        << row(EventKind.SESSION_CLOSE)
        << CloseClient("client_closed")
    )
    play.finish()

    assert play.is_finished


def test_a_wrong_effect_fails_with_both(play: Playbook) -> None:
    """The message shows what was expected and what came."""
    with pytest.raises(AssertionError, match=r"expected CloseClient.*\n.*Record"):
        play >> ClientConnected() << CloseClient("idle")


def test_a_wrong_column_is_named(play: Playbook) -> None:
    """Only the columns that differ are told."""
    with pytest.raises(AssertionError, match=r"session_open row differs in \{'peer': 'client:1'\}"):
        play >> ClientConnected() << row(EventKind.SESSION_OPEN, peer="other", listener="clients")


def test_a_missing_effect_fails(play: Playbook) -> None:
    """Expecting more than came fails."""
    play >> ClientConnected() << row(EventKind.SESSION_OPEN)

    with pytest.raises(AssertionError, match="nothing more came"):
        play << CloseClient("idle")


def test_a_left_over_effect_fails_at_the_next_signal_and_at_the_end(play: Playbook) -> None:
    """No effect may go unmentioned."""
    play >> ClientConnected()

    with pytest.raises(AssertionError, match="were not expected"):
        play >> ClientEof()
    with pytest.raises(AssertionError, match="at the end"):
        play.finish()
