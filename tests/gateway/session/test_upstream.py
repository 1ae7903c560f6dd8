"""What is sent to the broker waits for its connection, in order."""

from __future__ import annotations

from gateway.session.effects import ConnectBroker, SendBroker
from gateway.session.upstream import Standing, Upstream


def test_the_first_frame_asks_for_the_connection() -> None:
    """One connection is asked for, and everything is sent in order when it stands."""
    upstream = Upstream()

    assert [ConnectBroker()] == upstream.send(b"one")
    assert [] == upstream.send(b"two")
    assert (6, 0, Standing.CONNECTING) == (
        upstream.held_bytes,
        upstream.sent_bytes,
        upstream.standing,
    )
    assert [SendBroker(b"one"), SendBroker(b"two")] == upstream.connected()
    assert (0, 6) == (upstream.held_bytes, upstream.sent_bytes)


def test_a_connected_broker_gets_frames_at_once() -> None:
    """Nothing is held any more."""
    upstream = Upstream()
    upstream.send(b"one")
    upstream.connected()

    assert [SendBroker(b"three")] == upstream.send(b"three")
    assert (0, 8) == (upstream.held_bytes, upstream.sent_bytes)
