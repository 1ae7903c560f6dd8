"""Every node of the range has its port, and no other node has one."""

from __future__ import annotations

import pytest

from gateway.apis.addresses import AddressMap, BrokerAddresses, NamedAddresses

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


NAMED = NamedAddresses(
    names="broker-{node_id}.kafka.example", bootstrap="bootstrap.kafka.example", port=9093
)


def test_a_node_has_a_name_in_place_of_a_port() -> None:
    """Every node the same port, and only nodes a name."""
    assert ("broker-12.kafka.example", 9093) == NAMED.address_of(12)
    assert NAMED.address_of(-1) is None


@pytest.mark.parametrize("node_id", [0, 7, 2**31 - 1])
def test_a_name_leads_back_to_its_node(node_id: int) -> None:
    """In whichever case it is asked for."""
    address = NAMED.address_of(node_id)

    assert address is not None
    assert node_id == NAMED.node_of(address[0].upper())
    assert NAMED.is_known(address[0])


@pytest.mark.parametrize(
    "name",
    [
        "broker-.kafka.example",
        "broker-01.kafka.example",
        "broker-1.kafka.example.",
        "xbroker-1.kafka.example",
        "broker-x1.kafka.example",
        "broker-²1.kafka.example",
        f"broker-{2**31}.kafka.example",
        f"broker-{10**30}.kafka.example",
        "broker-1",
        "",
    ],
)
def test_another_name_is_no_node_s(name: str) -> None:
    """Each node has one name, and what is not that is refused."""
    assert NAMED.node_of(name) is None
    assert not NAMED.is_known(name)


def test_the_bootstrap_has_a_name_that_is_no_node_s() -> None:
    """A client that names no host has none."""
    assert NAMED.is_known("Bootstrap.kafka.example")
    assert NAMED.node_of("bootstrap.kafka.example") is None
    assert not NAMED.is_known(None)
