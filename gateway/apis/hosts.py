"""Broker addresses in answers become the gateway's own.

One field missed would let clients go around the recorder. Which fields hold addresses is known from
the message table: the tests walk it and demand that each field is either rewritten here or stands
in `EXEMPT` with its reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.apis.error_codes import ErrorCode
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gateway.apis.addresses import Addresses, BrokerAddresses
    from gateway.wire.readers import Body

EXEMPT: dict[tuple[ApiKey, str], str] = {
    (ApiKey.DESCRIBE_GROUPS, "client_host"): "the address of a group member, not of a broker",
    (
        ApiKey.CONSUMER_GROUP_DESCRIBE,
        "client_host",
    ): "the address of a group member, not of a broker",
    (ApiKey.SHARE_GROUP_DESCRIBE, "client_host"): "the address of a group member, not of a broker",
    (
        ApiKey.STREAMS_GROUP_DESCRIBE,
        "client_host",
    ): "the address of a group member, not of a broker",
    (ApiKey.STREAMS_GROUP_DESCRIBE, "host"): "where a Streams application offers its own queries",
    (ApiKey.STREAMS_GROUP_HEARTBEAT, "host"): "where a Streams application offers its own queries",
    (ApiKey.DESCRIBE_ACLS, "host"): "the client address that an ACL is about",
    (ApiKey.DELETE_ACLS, "host"): "the client address that an ACL is about",
}
"""Fields of answers that look like addresses of brokers and are none."""

_NO_NODE: Body = {"node_id": -1, "host": "", "port": -1}

MEANS_BROKERS = 1
"""DescribeCluster's endpoint type for brokers; the other, controllers, is not proxied (KIP-919)."""


class ControllerAddressError(Exception):
    """A broker named controllers, which have no port here; the client must ask for brokers."""


def rewrite_hosts(api_key: int, body: Body, addresses: Addresses, brokers: BrokerAddresses) -> bool:
    """Put the gateway's addresses in place of the brokers' own, in the message itself.

    Says whether anything changed. The real addresses go to `brokers`. A node without a port of its
    own is not told of: clients treat it as one that is down, and the others go on. Raises
    ControllerAddressError for addresses of controllers: nothing of such an answer may go on.
    """
    rewrite = _REWRITES.get(api_key)
    return rewrite is not None and rewrite(body, addresses, brokers)


def _rewrite_each(
    body: Body, array: str, id_field: str, addresses: Addresses, brokers: BrokerAddresses
) -> bool:
    nodes = body.get(array)
    if not nodes:
        return False
    body[array] = [node for node in nodes if _rewrite(node, id_field, addresses, brokers)]
    return True


def _rewrite(node: Body, id_field: str, addresses: Addresses, brokers: BrokerAddresses) -> bool:
    """Give a node our address; say whether there is one."""
    brokers.learn(node[id_field], node["host"], node["port"])
    address = addresses.address_of(node[id_field])
    if address is None:
        return False
    node["host"], node["port"] = address
    return True


def _metadata(body: Body, addresses: Addresses, brokers: BrokerAddresses) -> bool:
    return _rewrite_each(body, "brokers", "node_id", addresses, brokers)


def _find_coordinator(body: Body, addresses: Addresses, brokers: BrokerAddresses) -> bool:
    # Up to version 3 the answer is one coordinator, from 4 (KIP-699) a list of them.
    changed = False
    for node in body.get("coordinators", (body,)):
        if not node["host"] and node["node_id"] < 0:
            continue  # the answer for "none": node -1, no host
        if not _rewrite(node, "node_id", addresses, brokers):
            node.update(_NO_NODE, error_code=ErrorCode.COORDINATOR_NOT_AVAILABLE)
        changed = True
    return changed


def _describe_cluster(body: Body, addresses: Addresses, brokers: BrokerAddresses) -> bool:
    if body.get("endpoint_type", MEANS_BROKERS) != MEANS_BROKERS:
        raise ControllerAddressError(
            "DescribeCluster was answered with controllers' addresses, which the gateway does not "
            "proxy: connect to brokers (bootstrap.servers, not bootstrap.controllers)"
        )
    return _rewrite_each(body, "brokers", "broker_id", addresses, brokers)


def _node_endpoints(body: Body, addresses: Addresses, brokers: BrokerAddresses) -> bool:
    # KIP-951: the new leader's address comes with the error that names it.
    return _rewrite_each(body, "node_endpoints", "node_id", addresses, brokers)


def _describe_quorum(body: Body, _addresses: Addresses, _brokers: BrokerAddresses) -> bool:
    # Controllers have no ports here: their node ids stay, their listeners go (KIP-853).
    nodes = body.get("nodes", ())
    for node in nodes:
        node["listeners"] = []
    return bool(nodes)


_REWRITES: Mapping[int, Callable[[Body, Addresses, BrokerAddresses], bool]] = {
    ApiKey.METADATA: _metadata,
    ApiKey.FIND_COORDINATOR: _find_coordinator,
    ApiKey.DESCRIBE_CLUSTER: _describe_cluster,
    ApiKey.PRODUCE: _node_endpoints,
    ApiKey.FETCH: _node_endpoints,
    ApiKey.SHARE_FETCH: _node_endpoints,
    ApiKey.SHARE_ACKNOWLEDGE: _node_endpoints,
    ApiKey.DESCRIBE_QUORUM: _describe_quorum,
}
