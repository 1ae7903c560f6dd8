"""Sessions of a process share what they learn."""

from __future__ import annotations

from gateway.session.topology import Topology


def test_each_process_learns_for_itself() -> None:
    """Two topologies share nothing by accident."""
    first, second = Topology(), Topology()
    first.brokers.learn(1, "host", 9092)
    first.topics.learn(b"i" * 16, "orders")

    assert (None, None) == (second.brokers.address_of(1), second.topics.name_of(b"i" * 16))
