"""Questions to the message table: defaults, fields with their real versions, host fields."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.wire.schema import HostField, default_maker, default_value, host_fields, walk
from gateway.wire.table import Field, FieldType, Versions, load
from tests.gateway.wire.fields import make_field as field

FLAT = field(
    "struct",
    field(name="a", default=-1),
    field("string", name="b"),
    field(name="later", versions="2+"),
)
DEEP = field("struct", field("[]int32", name="numbers"), field("struct", *FLAT.fields, name="flat"))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (field("bool"), False),
        (field("int8"), 0),
        (field("uint16"), 0),
        (field("int64"), 0),
        (field("float64"), 0.0),
        (field("uuid"), bytes(16)),
        (field("string"), ""),
        (field("bytes"), b""),
        (field("records"), None),
        (field("int32", default=-1), -1),
        (field("string", default=None), None),
        (field("[]int32"), []),
        (field("[]int32", default=None), None),
        (field("struct", *FLAT.fields, default=None), None),
        (FLAT, {"a": -1, "b": ""}),
        (DEEP, {"numbers": [], "flat": {"a": -1, "b": ""}}),
    ],
)
def test_a_field_that_nobody_sets_has_its_default(asked: Field, expected: object) -> None:
    """The stated default, else that of the type; a structure holds those of its fields."""
    made = default_maker(asked, 1)()

    assert expected == default_value(asked, 1)
    assert expected == made
    assert type(expected) is type(made)


def test_a_structure_gets_the_fields_of_its_version() -> None:
    """What comes later is not there before."""
    assert {"a": -1, "b": "", "later": 0} == default_value(FLAT, 2)


@pytest.mark.parametrize("asked", [FLAT, DEEP, field("[]string")])
def test_a_default_is_made_afresh(asked: Field) -> None:
    """Who fills one in does not change the next."""
    make = default_maker(asked, 0)

    assert make() == make()
    assert make() is not make()


def test_what_lies_in_a_default_is_made_afresh() -> None:
    """Not even the structures and arrays inside are shared."""
    make: Any = default_maker(DEEP, 0)
    filled = make()
    filled["numbers"].append(1)
    filled["flat"]["a"] = 1

    assert make() == {"numbers": [], "flat": {"a": -1, "b": ""}}


def test_a_walk_names_each_field_with_the_versions_it_really_has() -> None:
    """A field occurs only where its parents do, and not at all where these never meet."""
    fields = [
        field(
            "[]struct",
            field("string", name="host", versions="3+"),
            field(name="gone", versions="0-1"),
            name="brokers",
            versions="2-4",
        ),
        field(name="throttle"),
    ]
    walked = [(path, each.name, occurs) for path, each, occurs in walk(fields, Versions(0, 9))]

    assert walked == [
        (("brokers",), "brokers", Versions(2, 4)),
        (("brokers", "host"), "host", Versions(3, 4)),
        (("throttle",), "throttle", Versions(0, 9)),
    ]


def test_every_host_field_is_found() -> None:
    """The answers that name brokers are among them, and no field of another type is."""
    found = {(host.api, host.direction, host.path) for host in host_fields()}

    assert {
        ("Produce", "response", "node_endpoints.host"),
        ("Fetch", "response", "node_endpoints.host"),
        ("ShareFetch", "response", "node_endpoints.host"),
        ("ShareAcknowledge", "response", "node_endpoints.host"),
        ("Metadata", "response", "brokers.host"),
        ("FindCoordinator", "response", "host"),
        ("FindCoordinator", "response", "coordinators.host"),
        ("DescribeCluster", "response", "brokers.host"),
        ("DescribeQuorum", "response", "nodes.listeners.host"),
    } <= found
    assert not any(path.endswith("port") for _, _, path in found)


def test_a_host_field_says_where_it_occurs() -> None:
    """Its API, the path to it, and the versions in which it exists."""
    (endpoint,) = (host for host in host_fields() if host.api == "Produce")

    assert endpoint == HostField(
        api_key=0,
        api="Produce",
        direction="response",
        path="node_endpoints.host",
        versions=Versions(10, 13),
    )


def test_every_default_of_the_table_can_be_made() -> None:
    """No field of any message is without a default of its own kind."""
    for api in load().values():
        for _, each, occurs in walk(api.request + api.response, api.versions):
            made = default_value(each, occurs.last)

            assert made is None or isinstance(made, list) == each.kind.is_array
            assert (
                made is None
                or each.kind.is_array
                or isinstance(made, dict) == (each.kind.element is FieldType.STRUCT)
            )
