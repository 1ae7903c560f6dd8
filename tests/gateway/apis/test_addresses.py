"""Every node of the range has its port, and no other node has one."""

from __future__ import annotations

import pytest

from gateway.apis.addresses import AddressMap, BrokerAddresses

ADDRESSES = AddressMap(host="gateway", first_port=19093, first_node_id=1, count=3)


def test_a_port_follows_from_the_node_id_alone() -> None:
    """The mapping needs no state, so it is the same after a restart."""
    assert [("gateway", 19093), ("gateway", 19095)] == [
        ADDRESSES.address_of(1),
        ADDRESSES.address_of(3),
    ]


@pytest.mark.parametrize("node_id", [0, 4, -1, 2**31 - 1])
def test_a_node_outside_the_range_has_no_address(node_id: int) -> None:
    """No other address may be shown in its place."""
    assert ADDRESSES.address_of(node_id) is None


def test_the_newest_broker_address_is_kept() -> None:
    """A broker that moved is found at its new place."""
    brokers = BrokerAddresses()
    brokers.learn(1, "old", 9092)
    brokers.learn(1, "new", 9093)

    assert ("new", 9093) == brokers.address_of(1)


@pytest.mark.parametrize(("node_id", "host", "port"), [(-1, "", -1), (1, "", 9092), (1, "h", 0)])
def test_an_unusable_broker_address_is_not_kept(node_id: int, host: str, port: int) -> None:
    """Kafka's way to say none must not overwrite what is known."""
    brokers = BrokerAddresses()
    brokers.learn(node_id, host, port)

    assert brokers.address_of(node_id) is None
