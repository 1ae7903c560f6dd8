"""What values of a configuration must agree on with each other.

These checks look at the file as it was written, whatever else is wrong with it, so that all
problems are told at once: each skips what is not there or not of its type, which the model reports.
"""

from __future__ import annotations

from collections import defaultdict
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import pairwise
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from gateway.apis.touches import names_topics
from gateway.config.authentication import MECHANISM_SECTIONS, USERS_MAX, authentication_type
from gateway.config.model import BOOTSTRAP_MAX, LISTENERS_MAX, PORT_MAX, Limits
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class Unread:
    """A value that could not be read: it is there, and nothing else is known of it."""


Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | Unread | None"
Location: TypeAlias = "tuple[int | str, ...]"
Ip: TypeAlias = "IPv4Address | IPv6Address"
Found: TypeAlias = "Iterator[tuple[Location, str]]"
"""Where something is wrong, and what to do."""

LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


def disagreements(tree: Mapping[str, Json], folder: Path) -> Found:
    """Yield what does not go together; relative paths count from the folder."""
    yield from _folders(tree, folder)
    bootstrap = _mapping(tree.get("upstream")).get("bootstrap")
    yield from _length(("upstream", "bootstrap"), bootstrap, BOOTSTRAP_MAX)
    yield from _upstream(_mapping(tree.get("upstream")))
    yield from _length(("listeners",), tree.get("listeners"), LISTENERS_MAX)
    listeners = _mappings(tree.get("listeners"))
    for number, listener in listeners:
        yield from _listener(("listeners", number), listener)
    yield from repeats(
        "listener name", [(("listeners", n), each.get("name")) for n, each in listeners]
    )
    yield from _shared_addresses(listeners)
    rules = _mappings(tree.get("forbid"))
    for number, rule in rules:
        yield from _rule(("forbid", number), rule)
    yield from repeats("rule id", [(("forbid", n), each.get("id")) for n, each in rules])
    yield from _limits(_mapping(tree.get("limits")))
    if tree.get("witness_silence") == "stop" and not tree.get("witnesses"):
        yield ("witness_silence",), "nobody could end the silence: name witnesses, or set alarm"
    yield from _ladder(_mapping(tree.get("limits")))


def _length(place: Location, items: Json, most: int) -> Found:
    # Not in the model, which looks at no item of a list that is too long.
    if isinstance(items, list) and len(items) > most:
        yield place, f"has {len(items)} items: at most {most} may be given"


def _folders(tree: Mapping[str, Json], folder: Path) -> Found:
    archive, journal = tree.get("archive"), tree.get("journal")
    if _is_nested(folder, archive, journal):
        message = (
            f"archive {archive} and journal {journal} must lie apart: "
            "what is in the journal is deleted once it is sealed"
        )
        yield ("journal",), message
    keys = _mapping(tree.get("encryption")).get("keys")
    for name, other in (("archive", archive), ("journal", journal)):
        if _is_nested(folder, keys, other):
            message = (
                f"keys {keys} and {name} {other} must lie apart: "
                "a copy of the one must not bring the other along"
            )
            yield ("encryption", "keys"), message


def _is_nested(folder: Path, one: Json, other: Json) -> bool:
    """Tell whether one folder lies in the other; as written, for neither need exist yet."""
    if not isinstance(one, str) or not isinstance(other, str):
        return False
    first, second = Path(normpath(folder / one)), Path(normpath(folder / other))
    return first.is_relative_to(second) or second.is_relative_to(first)


def _upstream(upstream: Mapping[str, Json]) -> Found:
    tls, sasl = _mapping(upstream.get("tls")), _mapping(upstream.get("sasl"))
    if (tls.get("certificate") is None) != (tls.get("key") is None):
        yield ("upstream", "tls"), "needs certificate and key, or neither of them"
    if sasl.get("allow_plaintext", False) is not False:
        return
    is_readable = sasl.get("mechanism") in ("PLAIN", "OAUTHBEARER")
    if is_readable and upstream.get("tls") is None:
        message = (
            "the gateway's credentials would cross the network readable: give upstream tls, or set "
            "allow_plaintext: true where that is acceptable (loopback, a private network)"
        )
        yield ("upstream", "sasl"), message
    if str(sasl.get("token_url")).startswith("http:"):
        message = "is without TLS: use https, or set allow_plaintext: true where that is acceptable"
        yield ("upstream", "sasl", "token_url"), message


def _listener(place: Location, listener: Mapping[str, Json]) -> Found:
    host = listener.get("host")
    if isinstance(host, str) and is_wildcard(host) and listener.get("advertised_host") is None:
        message = (
            f"clients cannot connect to {host}: "
            "set advertised_host to the name or address by which they reach the gateway"
        )
        yield (*place, "host"), message
    yield from _nodes(place, listener)
    ports = _node_ports(listener)
    if ports and ports[-1] > PORT_MAX:
        message = (
            f"port {ports[-1]} for the last node is above {PORT_MAX}: lower first_port or count"
        )
        yield (*place, "nodes"), message
    if ports and listener.get("port") in ports:
        message = (
            f"port {listener['port']} is also the port of a node: move port or nodes.first_port"
        )
        yield (*place, "port"), message
    yield from _tls((*place, "tls"), _mapping(listener.get("tls")))
    authentication = _mapping(listener.get("authentication"))
    is_plaintext = listener.get("tls") is None
    if authentication_type(authentication) == "mtls" and (
        _mapping(listener.get("tls")).get("client_authentication") != "required"
    ):
        message = "is by certificate: give the listener tls, with client_authentication: required"
        yield (*place, "authentication"), message
    yield from _authentication(
        (*place, "authentication"), authentication, is_plaintext=is_plaintext
    )


def _nodes(place: Location, listener: Mapping[str, Json]) -> Found:
    nodes = listener.get("nodes")
    if not isinstance(nodes, dict):
        return
    place = (*place, "nodes")
    if nodes.get("sni") is None:
        for name in ("first_port", "count"):
            if nodes.get(name) is None:
                yield place, f"needs {name}, or sni for names in place of ports"
        return
    for name in ("first_port", "first_node_id", "count"):
        if nodes.get(name) is not None:
            yield (*place, name), "is of no use with sni: nodes have names there, no ports"
    if listener.get("tls") is None:
        yield (*place, "sni"), "needs tls: clients name the node that they mean in TLS"
    if listener.get("advertised_host") is None:
        message = "needs advertised_host: the name that clients put into bootstrap.servers"
        yield (*place, "sni"), message


def _tls(place: Location, tls: Mapping[str, Json]) -> Found:
    asks = tls.get("client_authentication", "none") != "none"
    if asks and tls.get("client_ca") is None:
        message = "needs client_ca: the certificates of those who certify clients"
        yield (*place, "client_authentication"), message
    for name in ("client_ca", "client_crl"):
        if tls.get(name) is not None and not asks:
            message = "is not looked at: set client_authentication to requested or required"
            yield (*place, name), message


def _authentication(
    place: Location, authentication: Mapping[str, Json], *, is_plaintext: bool
) -> Found:
    kind = authentication_type(authentication)
    if kind in ("none", "mtls"):
        return
    sections: dict[tuple[str, ...], Mapping[str, Json]] = {(): authentication}
    if kind == "sasl":
        sections = {
            (name,): _mapping(authentication[name])
            for name in MECHANISM_SECTIONS
            if authentication.get(name) is not None
        }
        if not sections:
            yield place, f"offers nothing: add one of {', '.join(MECHANISM_SECTIONS)}"
    for inner, section in sections.items():
        yield from _users((*place, *inner), section)
    tokens = _mapping(authentication.get("oauthbearer"))
    refresh, expiry = tokens.get("refresh_minutes", 5), tokens.get("expiry_minutes", 60)
    if _is_number(refresh) and _is_number(expiry) and expiry <= refresh:
        message = f"expiry_minutes must be above refresh_minutes ({refresh}): keys would run out"
        yield (*place, "oauthbearer", "expiry_minutes"), message
    # SCRAM alone shows nothing that would let somebody else in.
    is_readable = bool(sections.keys() - {("scram",)})
    if is_readable and is_plaintext and authentication.get("allow_plaintext", False) is False:
        message = (
            "credentials would cross the network readable: give the listener tls, or set "
            "allow_plaintext: true where that is acceptable (loopback, a private network)"
        )
        yield place, message


def _users(place: Location, section: Mapping[str, Json]) -> Found:
    yield from _length((*place, "users"), section.get("users"), USERS_MAX)
    users = _mappings(section.get("users"))
    yield from repeats("user name", [((*place, "users", n), each.get("name")) for n, each in users])


def _shared_addresses(listeners: Iterable[tuple[int, Mapping[str, Json]]]) -> Found:
    owners: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for number, listener in listeners:
        host = listener.get("host", "127.0.0.1")
        if not isinstance(host, str):
            continue
        shared: dict[int, int] = {}
        for port in sorted(_ports(listener)):
            for owner, its_host in owners[port]:
                if _overlap(host, its_host):
                    shared.setdefault(owner, port)
            owners[port].append((number, host))
        for owner, port in shared.items():
            message = f"the address {host}:{port} is that of listeners.{owner} as well"
            key = "port" if port == listener.get("port") else "nodes"
            yield ("listeners", number, key), message


def _overlap(host: str, other: str) -> bool:
    """Tell whether the second of two binds would fail, without asking what a name stands for."""
    ours, theirs = _addresses(host), _addresses(other)
    if not ours or not theirs:
        # A name may stand for any address, and all addresses include it.
        return _same_name(host, other) or is_wildcard(host) or is_wildcard(other)
    return any(_collide(one, two) for one in ours for two in theirs)


def _collide(one: Ip, two: Ip) -> bool:
    # All addresses of one kind include each of that kind, and none of the other.
    either = one.is_unspecified or two.is_unspecified
    return one == two or (either and one.version == two.version)


def _same_name(host: str, other: str) -> bool:
    return host.casefold().removesuffix(".") == other.casefold().removesuffix(".")


def _addresses(host: str) -> tuple[Ip, ...]:
    """Return the addresses that a host is known to stand for; none for most names."""
    if _same_name(host, "localhost"):
        return LOOPBACK
    address = _ip(host)
    return () if address is None else (address,)


def _rule(place: Location, rule: Mapping[str, Json]) -> Found:
    apis = rule.get("apis")
    if rule.get("topics") is None or not isinstance(apis, list):
        return
    known = [name for name in apis if isinstance(name, str) and name in ApiKey.__members__]
    blind = [name for name in known if not names_topics(ApiKey[name])]
    if blind:
        # Such a rule would never match, and its author would think that it does.
        message = (
            f"{', '.join(blind)} names no topics: leave topics out, or move it to its own rule"
        )
        yield (*place, "topics"), message


def _limits(limits: Mapping[str, Json]) -> Found:
    names = ("journal_file_bytes", "frame_bytes_max", "journal_bytes_max")
    values = [limits.get(name, getattr(Limits(), name)) for name in names]
    file_bytes, frame_bytes, most = (each if _is_number(each) else None for each in values)
    if file_bytes is None or frame_bytes is None or most is None:
        return
    # The sealer frees whole files but never the newest, and reading goes on below 3/8 of the limit:
    # a newest file larger than that could not be freed, and traffic would never go on.
    needed = 4 * (file_bytes + frame_bytes)
    if most < needed:
        message = (
            f"journal_bytes_max must be at least 4 * (journal_file_bytes + frame_bytes_max) = "
            f"{needed}: raise it or lower one of these"
        )
        yield ("limits", "journal_bytes_max"), message


def _ladder(limits: Mapping[str, Json]) -> Found:
    names = (
        "disk_warn_bytes",
        "disk_refuse_sessions_bytes",
        "disk_refuse_changes_bytes",
        "disk_stop_bytes",
    )
    for upper, lower in pairwise(names):
        above, below = (limits.get(name, getattr(Limits(), name)) for name in (upper, lower))
        if _is_number(above) and _is_number(below) and below > above:
            message = f"{lower} ({below}) must not be above {upper} ({above}): less room, less let"
            yield ("limits", lower), message


def repeats(noun: str, named: Iterable[tuple[Location, Json]]) -> Found:
    """Yield the places that have a name of an earlier one; the noun ends with the key's name."""
    first: dict[str, Location] = {}
    for place, name in named:
        if not isinstance(name, str):
            continue
        if name in first:
            at = ".".join(map(str, first[name]))
            message = f"each {noun} may appear once only: {name} is that of {at} as well"
            yield (*place, noun.rpartition(" ")[2]), message
        first.setdefault(name, place)


def _node_ports(listener: Mapping[str, Json]) -> range:
    nodes = _mapping(listener.get("nodes"))
    first, count = nodes.get("first_port"), nodes.get("count")
    if not (_is_number(first) and _is_number(count)):
        return range(0)
    return range(first, first + count)


def _ports(listener: Mapping[str, Json]) -> set[int]:
    port, nodes = listener.get("port"), _node_ports(listener)
    ports = set(range(max(nodes.start, 1), min(nodes.stop, PORT_MAX + 1)))
    return ports | {port} if _is_number(port) else ports


def is_wildcard(host: str) -> bool:
    """Tell whether a host stands for every address of the machine, which no client can dial."""
    address = _ip(host)
    return address is not None and address.is_unspecified


def _ip(host: str) -> Ip | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_number(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Json) -> list[tuple[int, Mapping[str, Json]]]:
    items = value if isinstance(value, list) else []
    return [(number, item) for number, item in enumerate(items) if isinstance(item, dict)]
