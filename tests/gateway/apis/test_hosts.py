"""No broker's own address gets past the gateway."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.apis.addresses import AddressMap, BrokerAddresses
from gateway.apis.hosts import EXEMPT, ControllerAddressError, rewrite_hosts
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import Response, default_body, encode_response
from gateway.wire.schema import HostField, default_value, host_fields
from gateway.wire.table import Field, FieldType, load

ADDRESSES = AddressMap(host="gateway", first_port=9100, first_node_id=0, count=3)
BROKER_HOST = "broker.internal"
NODE = 2

# `error_message` and the like carry prose; a field is about a host by its name in the table.
RESPONSE_FIELDS = [field for field in host_fields() if field.direction == "response"]
REWRITTEN = [
    field
    for field in RESPONSE_FIELDS
    if (ApiKey(field.api_key), field.path.rpartition(".")[2]) not in EXEMPT
]


def _filled(fields: tuple[Field, ...], version: int) -> dict[str, Any]:
    """Build a message with one element in every array and a real host in every host field."""
    body: dict[str, Any] = {}
    for field in fields:
        if version not in field.versions:
            continue
        if field.fields:
            inner = _filled(field.fields, version)
            body[field.name] = [inner] if field.kind.is_array else inner
        elif field.name == "host":
            body[field.name] = BROKER_HOST
        elif field.name in {"node_id", "broker_id"}:
            body[field.name] = NODE
        elif field.kind.element is FieldType.RECORDS:
            body[field.name] = memoryview(b"")
        else:
            body[field.name] = default_value(field, version)
    return body


@pytest.mark.parametrize("field", REWRITTEN, ids=lambda field: f"{field.api}-{field.path}")
def test_every_host_field_of_the_table_is_rewritten(field: HostField) -> None:
    """In each version that has the field, the answer goes out without the broker's address."""
    api = load()[field.api_key]
    for version in field.versions:
        body = _filled(api.response, version)
        changed = rewrite_hosts(field.api_key, body, ADDRESSES, BrokerAddresses())

        assert changed
        answer = encode_response(Response(correlation_id=1, body=body), field.api_key, version)
        assert BROKER_HOST.encode() not in answer


def test_the_apis_known_to_carry_addresses_are_all_there() -> None:
    """The table's own scan finds the nine places that Kafka 4.4 documents."""
    assert {
        ApiKey.METADATA,
        ApiKey.FIND_COORDINATOR,
        ApiKey.DESCRIBE_CLUSTER,
        ApiKey.PRODUCE,
        ApiKey.FETCH,
        ApiKey.SHARE_FETCH,
        ApiKey.SHARE_ACKNOWLEDGE,
        ApiKey.DESCRIBE_QUORUM,
    } == {field.api_key for field in REWRITTEN}


@pytest.mark.parametrize("exempt", EXEMPT, ids=lambda key: f"{key[0].name}-{key[1]}")
def test_every_exemption_is_still_needed(exempt: tuple[ApiKey, str]) -> None:
    """An exemption without a field would hide a later one."""
    assert exempt in {(field.api_key, field.path.rpartition(".")[2]) for field in RESPONSE_FIELDS}


def test_real_addresses_are_learned() -> None:
    """The shell must know where to connect for a node."""
    brokers = BrokerAddresses()
    body = {"brokers": [{"node_id": NODE, "host": BROKER_HOST, "port": 9092}]}
    rewrite_hosts(ApiKey.METADATA, body, ADDRESSES, brokers)

    assert (BROKER_HOST, 9092) == brokers.address_of(NODE)
    assert {"node_id": NODE, "host": "gateway", "port": 9102} == body["brokers"][0]


@pytest.mark.parametrize("version", [0, 3, 4, 6])
def test_no_coordinator_stays_none(version: int) -> None:
    """Node -1 with no host is Kafka's way to say that there is none."""
    node = {"node_id": -1, "host": "", "port": -1}
    body = default_body(ApiKey.FIND_COORDINATOR, version, response=True)
    if "coordinators" in body:
        body["coordinators"] = [dict(node)]
    else:
        body.update(node)

    assert not rewrite_hosts(ApiKey.FIND_COORDINATOR, body, ADDRESSES, BrokerAddresses())
    assert node.items() <= (body["coordinators"][0] if "coordinators" in body else body).items()


@pytest.mark.parametrize("node_id", [3, -1])
@pytest.mark.parametrize(
    ("api_key", "array", "id_field"),
    [
        (ApiKey.METADATA, "brokers", "node_id"),
        (ApiKey.DESCRIBE_CLUSTER, "brokers", "broker_id"),
        (ApiKey.FETCH, "node_endpoints", "node_id"),
    ],
)
def test_a_node_without_a_port_is_not_told_of(
    api_key: ApiKey, array: str, id_field: str, node_id: int
) -> None:
    """Its address is never passed on; the nodes beside it are."""
    theirs = [{id_field: each, "host": BROKER_HOST, "port": 9092} for each in (NODE, node_id, NODE)]
    body: dict[str, Any] = {array: theirs}

    assert rewrite_hosts(api_key, body, ADDRESSES, BrokerAddresses())
    assert [{id_field: NODE, "host": "gateway", "port": 9102}] * 2 == body[array]


@pytest.mark.parametrize("version", [0, 3, 4, 6])
def test_a_coordinator_without_a_port_is_not_available(version: int) -> None:
    """The client asks again later, as after a broker's failure."""
    node = {"node_id": 3, "host": BROKER_HOST, "port": 9092, "error_code": 0}
    body = default_body(ApiKey.FIND_COORDINATOR, version, response=True)
    if "coordinators" in body:
        body["coordinators"] = [{"key": "g", "error_message": None, **node}]
    else:
        body.update(node)

    assert rewrite_hosts(ApiKey.FIND_COORDINATOR, body, ADDRESSES, BrokerAddresses())
    answer = encode_response(
        Response(correlation_id=1, body=body), ApiKey.FIND_COORDINATOR, version
    )
    assert BROKER_HOST.encode() not in answer
    assert {"error_code": 15, "node_id": -1, "host": "", "port": -1}.items() <= (
        body["coordinators"][0] if "coordinators" in body else body
    ).items()


def test_controllers_are_not_proxied() -> None:
    """DescribeCluster about controllers fails rather than show their addresses."""
    body = {"endpoint_type": 2, "brokers": [{"broker_id": 1, "host": BROKER_HOST, "port": 1}]}

    with pytest.raises(ControllerAddressError, match="controllers"):
        rewrite_hosts(ApiKey.DESCRIBE_CLUSTER, body, ADDRESSES, BrokerAddresses())


def test_an_answer_without_endpoints_does_not_change() -> None:
    """The usual Fetch answer keeps its own bytes."""
    body = default_body(ApiKey.FETCH, 16, response=True)

    assert not rewrite_hosts(ApiKey.FETCH, body, ADDRESSES, BrokerAddresses())
