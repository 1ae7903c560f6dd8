"""Values that do not go together are found in whatever was written."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config.across import Unread, disagreements, is_wildcard
from gateway.config.authentication import USERS_MAX
from gateway.config.model import LISTENERS_MAX

if TYPE_CHECKING:
    from gateway.config.across import Json

ALL_IPV4 = str(IPv4Address(0))
FOLDER = Path("/etc/streamwitness")
KEYS = [
    *("archive", "journal", "listeners", "forbid", "limits", "name", "id", "host", "port", "nodes"),
    *("first_port", "count", "authentication", "type", "users", "apis", "topics"),
    *("journal_bytes_max", "allow_plaintext", "tls", "client_ca", "client_authentication"),
]
trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["plain", "a", "::", Unread()]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(KEYS), trees))
def test_nothing_that_can_be_written_makes_a_check_fail(tree: dict[str, Json]) -> None:
    """Wrong types are for others to report."""
    for location, message in disagreements(tree, FOLDER):
        assert location
        assert message


def test_nothing_is_wrong_with_nothing() -> None:
    """What is missing is reported as missing."""
    assert [] == list(disagreements({}, FOLDER))


@pytest.mark.parametrize(
    ("host", "expected"),
    [("::", True), ("0:0:0:0:0:0:0:0", True), ("127.0.0.1", False), ("gateway.example", False)],
)
def test_addresses_that_nobody_can_dial_are_known(host: str, *, expected: bool) -> None:
    """A listener on all addresses must say by which one clients reach it."""
    assert expected == is_wildcard(host)


def listening(*addresses: tuple[str, int]) -> dict[str, Json]:
    """Return a configuration with one listener for each address."""
    return {
        "listeners": [
            {"host": host, "advertised_host": "gateway", "port": port} for host, port in addresses
        ]
    }


@pytest.mark.parametrize(
    ("host", "other", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.2", False),
        (ALL_IPV4, "127.0.0.1", True),
        ("127.0.0.1", ALL_IPV4, True),
        ("::", "::1", True),
        ("::1", "0:0:0:0:0:0:0:1", True),
        ("::", "127.0.0.1", False),
        ("gateway.example", "gateway.example", True),
        ("gateway.example", "GATEWAY.example.", True),
        ("gateway.example", "other.example", False),
        ("gateway.example", "127.0.0.1", False),
        ("gateway.example", ALL_IPV4, True),
        ("::", "gateway.example", True),
        (ALL_IPV4, "::", False),
        ("localhost", "127.0.0.1", True),
        ("::1", "LocalHost", True),
        ("localhost", "localhost", True),
        ("localhost", ALL_IPV4, True),
        ("::", "localhost", True),
        ("localhost", "127.0.0.2", False),
        ("localhost", "gateway.example", False),
    ],
)
def test_addresses_that_cannot_both_be_bound_are_found(
    host: str, other: str, *, expected: bool
) -> None:
    """As the kernel sees it, where that is known without asking for names."""
    places = [place for place, _ in disagreements(listening((host, 1), (other, 1)), FOLDER)]

    assert ([("listeners", 1, "port")] if expected else []) == places


def test_a_shared_port_is_told_where_it_is_set() -> None:
    """The port itself may be right where those of the nodes are not."""
    nodes: Json = {"first_port": 5, "count": 3}
    listeners: list[Json] = [{"port": 1, "nodes": nodes}, {"port": 2, "nodes": nodes}, {"port": 6}]

    assert [
        (("listeners", 1, "nodes"), "the address 127.0.0.1:5 is that of listeners.0 as well"),
        (("listeners", 2, "port"), "the address 127.0.0.1:6 is that of listeners.0 as well"),
        (("listeners", 2, "port"), "the address 127.0.0.1:6 is that of listeners.1 as well"),
    ] == list(disagreements({"listeners": listeners}, FOLDER))


def test_each_listener_whose_address_is_shared_is_named() -> None:
    """Moving away from the first must not bring up the second."""
    tree = listening(("127.0.0.1", 1), ("127.0.0.2", 1), (ALL_IPV4, 1))

    assert [
        (("listeners", 2, "port"), "the address 0.0.0.0:1 is that of listeners.0 as well"),
        (("listeners", 2, "port"), "the address 0.0.0.0:1 is that of listeners.1 as well"),
    ] == list(disagreements(tree, FOLDER))


def test_lists_have_a_longest_length() -> None:
    """What the configuration's page promises as the most."""
    users: list[Json] = [{}] * (USERS_MAX + 1)
    authentication: Json = {"type": "plain", "allow_plaintext": True, "users": users}
    listeners: list[Json] = [{"authentication": authentication}, *[{}] * LISTENERS_MAX]

    assert [
        (("listeners",), "has 65 items: at most 64 may be given"),
        (
            ("listeners", 0, "authentication", "users"),
            "has 10001 items: at most 10000 may be given",
        ),
    ] == list(disagreements({"listeners": listeners}, FOLDER))


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"disk_stop_bytes": 300 * 1024**2}, ["disk_stop_bytes"]),
        ({"disk_warn_bytes": 0}, ["disk_refuse_sessions_bytes"]),
        ({"disk_refuse_changes_bytes": 0, "disk_stop_bytes": 0}, []),
        ({"disk_refuse_changes_bytes": "much"}, []),
    ],
)
def test_each_rung_of_the_disk_ladder_lies_below_the_last(
    limits: dict[str, Json], expected: list[str]
) -> None:
    """Or traffic would stop before anybody was warned."""
    found = [location[-1] for location, _ in disagreements({"limits": limits}, FOLDER)]

    assert expected == found


@pytest.mark.parametrize(
    ("tls", "told"),
    [
        ({"client_authentication": "required"}, [("client_authentication", "needs client_ca")]),
        ({"client_ca": "ca.pem"}, [("client_ca", "is not looked at")]),
        (
            {"client_crl": "crl.pem", "client_authentication": "none"},
            [("client_crl", "is not looked at")],
        ),
        ({"client_ca": "ca.pem", "client_authentication": "requested"}, []),
    ],
)
def test_client_certificates_need_both_the_wish_and_an_authority(
    tls: dict[str, Json], told: list[tuple[str, str]]
) -> None:
    """One without the other would let in nobody, or everybody."""
    found = disagreements({"listeners": [{"tls": tls}]}, FOLDER)

    assert told == [(str(place[-1]), message.partition(":")[0]) for place, message in found]


@pytest.mark.parametrize(("tls", "count"), [({}, 0), (None, 1)])
def test_passwords_want_tls(tls: Json, count: int) -> None:
    """Or somebody who says that they may be read on the way."""
    listener: dict[str, Json] = {"tls": tls, "authentication": {"type": "plain"}}
    found = disagreements({"listeners": [listener]}, FOLDER)

    assert count == len(list(found))


@pytest.mark.parametrize(("wish", "count"), [("required", 0), ("requested", 1), (None, 1)])
def test_certificates_as_logins_must_be_required(wish: str | None, count: int) -> None:
    """A client without one would be nobody."""
    tls: Json = None if wish is None else {"client_authentication": wish, "client_ca": "ca.pem"}
    listener: dict[str, Json] = {"tls": tls, "authentication": {"type": "mtls"}}
    found = disagreements({"listeners": [listener]}, FOLDER)

    assert count == len(list(found))


TOKEN: dict[str, Json] = {"mechanism": "OAUTHBEARER", "token_url": "https://id.example/"}


@pytest.mark.parametrize(
    ("upstream", "expected"),
    [
        ({"sasl": {"mechanism": "PLAIN"}}, ["sasl"]),
        ({"sasl": {"mechanism": "PLAIN", "allow_plaintext": True}}, []),
        ({"sasl": {"mechanism": "PLAIN"}, "tls": {}}, []),
        ({"sasl": {"mechanism": "SCRAM-SHA-512"}}, []),
        ({"sasl": TOKEN}, ["sasl"]),
        ({"sasl": TOKEN, "tls": {}}, []),
        ({"sasl": TOKEN | {"token_url": "http://id/"}, "tls": {}}, ["token_url"]),
        ({"tls": {"certificate": "a.crt"}}, ["tls"]),
        ({"tls": {"certificate": "a.crt", "key": "a.key"}}, []),
    ],
)
def test_the_gateway_s_own_credentials_are_not_for_all_to_read(
    upstream: dict[str, Json], expected: list[str]
) -> None:
    """And a certificate is of no use without its key."""
    found = disagreements({"upstream": upstream}, FOLDER)

    assert expected == [str(place[-1]) for place, _ in found]


NAMES: dict[str, Json] = {"sni": "b{node_id}.example"}


@pytest.mark.parametrize(
    ("listener", "told"),
    [
        ({"nodes": {}}, ["needs first_port", "needs count"]),
        ({"nodes": {"first_port": 1, "count": 1}}, []),
        (
            {"nodes": NAMES | {"first_port": 1, "count": 1}, "tls": {}, "advertised_host": "a"},
            ["is of no use with sni", "is of no use with sni"],
        ),
        ({"nodes": NAMES, "tls": {}, "advertised_host": "a"}, []),
        ({"nodes": NAMES}, ["needs tls", "needs advertised_host"]),
    ],
)
def test_nodes_have_ports_or_names(listener: dict[str, Json], told: list[str]) -> None:
    """With what the one or the other needs."""
    found = [message for _, message in disagreements({"listeners": [listener]}, FOLDER)]

    assert told == [message.partition(":")[0].partition(",")[0] for message in found]
