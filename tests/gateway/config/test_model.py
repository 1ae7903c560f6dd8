"""The model of the configuration: what follows from its values."""

from __future__ import annotations

import pytest

from gateway.apis.addresses import AddressMap
from gateway.config.model import ForbidRule, Limits, Nodes, split_address
from gateway.session.options import SessionOptions


@pytest.mark.parametrize("limit", ["frame_bytes_max", "in_flight_max", "idle_ms"])
def test_a_session_and_its_configuration_have_one_default(limit: str) -> None:
    """What is measured and tested of sessions alone holds for those of a gateway."""
    addresses = AddressMap(host="gateway", first_port=9100, first_node_id=0, count=1)
    options = SessionOptions(listener="clients", addresses=addresses)

    assert getattr(options, limit) == getattr(Limits(), limit)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("broker-1:9092", ("broker-1", 9092)),
        ("10.0.0.1:1", ("10.0.0.1", 1)),
        ("[2001:db8::1]:65535", ("2001:db8::1", 65535)),
    ],
)
def test_an_address_is_a_host_and_a_port(address: str, expected: tuple[str, int]) -> None:
    """An IPv6 address loses its brackets."""
    assert expected == split_address(address)


@pytest.mark.parametrize(
    "address", ["broker", ":9092", "broker:", "broker:x", "::1:9092", "[]:1", "b:0", "b:65536"]
)
def test_anything_else_is_no_address(address: str) -> None:
    """What cannot be dialled is refused, not guessed at."""
    with pytest.raises(ValueError, match=r"form host:port|port outside"):
        split_address(address)


def test_a_rule_without_topics_may_name_any_api_that_can_be_refused() -> None:
    """Groups and cluster APIs name no topics."""
    assert ForbidRule(id="no-groups", apis=("JOIN_GROUP", "FETCH")).topics is None


def test_names_of_nodes_differ_in_their_first_label() -> None:
    """A certificate can hold them all: it has stars for whole labels alone."""
    good = Nodes(sni="kafka-{node_id}-a.example.com")
    for bad in ("kafka.example.com", "{node_id}", "a.{node_id}.com", "{node_id}{node_id}.com"):
        with pytest.raises(ValueError, match="pattern"):
            Nodes(sni=bad)

    assert {} == good.ports
