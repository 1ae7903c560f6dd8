"""Every key of the configuration file, its type, default and limits."""

from __future__ import annotations

from collections import Counter
from ipaddress import ip_address
from os.path import normpath
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.apis.refusal import refusable
from gateway.apis.touches import names_topics
from gateway.identity.passwords import PasswordHash, parse_password_hash
from gateway.session.options import FRAME_BYTES_MAX, IDLE_MS, IN_FLIGHT_MAX
from gateway.wire.api_keys import ApiKey

MIB = 1024 * 1024
PORT_MAX = 65535

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/@]+$")]
Port = Annotated[int, Field(ge=1, le=PORT_MAX)]
Glob = Annotated[str, Field(min_length=1, max_length=249)]


class Section(BaseModel):
    """What all sections share: no key but the declared ones, no value but of the declared type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Upstream(Section):
    """The Kafka cluster behind the gateway."""

    bootstrap: Annotated[tuple[str, ...], Field(min_length=1, max_length=64)]
    connect_timeout_ms: Annotated[int, Field(ge=100, le=300_000)] = 10_000
    request_timeout_ms: Annotated[int, Field(ge=100, le=300_000)] = 10_000
    refresh_ms: Annotated[int, Field(ge=1_000, le=3_600_000)] = 60_000

    @field_validator("bootstrap")
    @classmethod
    def _are_addresses(cls, bootstrap: tuple[str, ...]) -> tuple[str, ...]:
        for address in bootstrap:
            split_address(address)
        return bootstrap

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """The bootstrap brokers as host and port."""
        return tuple(split_address(address) for address in self.bootstrap)


class Nodes(Section):
    """The ports that stand for the cluster's nodes: first_port + node id - first_node_id."""

    first_port: Port
    first_node_id: Annotated[int, Field(ge=0)] = 0
    count: Annotated[int, Field(ge=1, le=1_000)]

    @model_validator(mode="after")
    def _end_inside_the_port_range(self) -> Self:
        if self.first_port + self.count - 1 > PORT_MAX:
            raise ValueError(
                f"port {self.first_port + self.count - 1} for the last node is above {PORT_MAX}: "
                "lower first_port or count"
            )
        return self

    @property
    def ports(self) -> dict[int, int]:
        """The port of each node id."""
        return {self.first_node_id + n: self.first_port + n for n in range(self.count)}


class User(Section):
    """One name that may log in with a password."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    password_hash: Annotated[str, Field(repr=False)]

    @field_validator("password_hash")
    @classmethod
    def _is_a_hash(cls, line: str) -> str:
        try:
            parse_password_hash(line)
        except ValueError as error:
            raise ValueError(
                f"{error}; make one with `streamwitness gateway hash-password`"
            ) from None
        return line

    @property
    def parsed_hash(self) -> PasswordHash:
        """The hash in the form that a check takes."""
        return parse_password_hash(self.password_hash)


class NoAuthentication(Section):
    """Clients are not asked who they are; their principal is ANONYMOUS."""

    type: Literal["none"]


class PlainAuthentication(Section):
    """SASL/PLAIN (RFC 4616): the gateway checks the password itself."""

    type: Literal["plain"]
    allow_plaintext: bool = False
    users: Annotated[tuple[User, ...], Field(min_length=1, max_length=10_000)]

    @model_validator(mode="after")
    def _plaintext_is_asked_for(self) -> Self:
        if not self.allow_plaintext:
            raise ValueError(
                "passwords would cross the network readable, for listeners have no TLS yet: set "
                "allow_plaintext: true where that is acceptable (loopback, a private network)"
            )
        return self

    @field_validator("users")
    @classmethod
    def _have_distinct_names(cls, users: tuple[User, ...]) -> tuple[User, ...]:
        refuse_repeats("user name", [user.name for user in users])
        return users


class Listener(Section):
    """One place where clients connect, with the ports that stand for the cluster's nodes."""

    name: Name
    host: Host = "127.0.0.1"
    port: Port
    advertised_host: Host | None = None
    nodes: Nodes
    authentication: Annotated[NoAuthentication | PlainAuthentication, Field(discriminator="type")]

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.advertised_host is None and is_wildcard(self.host):
            raise ValueError(
                f"clients cannot connect to {self.host}: "
                "set advertised_host to the name or address by which they reach the gateway"
            )
        if self.port in self.nodes.ports.values():
            raise ValueError(
                f"port {self.port} is also the port of a node: move port or nodes.first_port"
            )
        return self

    @property
    def advertised(self) -> str:
        """The host that clients are told."""
        return self.advertised_host or self.host

    @property
    def ports(self) -> dict[int, int | None]:
        """Every port of this listener with the node id it stands for, None for the bootstrap."""
        return {self.port: None} | {port: node for node, port in self.nodes.ports.items()}


class ForbidRule(Section):
    """One kind of request that is refused and never reaches the broker."""

    id: Name
    apis: Annotated[tuple[str, ...], Field(min_length=1)]
    topics: Annotated[tuple[Glob, ...], Field(min_length=1)] | None = None
    principals: Annotated[tuple[Glob, ...], Field(min_length=1)] | None = None

    @field_validator("apis")
    @classmethod
    def _are_known(cls, apis: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [name for name in apis if name not in ApiKey.__members__]
        if unknown:
            raise ValueError(
                f"knows no API {', '.join(map(repr, unknown))}; "
                "docs/kafka-support.md lists them, for example DELETE_TOPICS"
            )
        known = frozenset(refusable().values())
        unrefusable = [name for name in apis if ApiKey[name] not in known]
        if unrefusable:
            # Without a shape in which to refuse them, their clients would only be cut off.
            raise ValueError(
                f"cannot refuse {', '.join(unrefusable)}: its answers have no form for that; "
                "docs/kafka-support.md lists what a rule can name"
            )
        return apis

    @model_validator(mode="after")
    def _can_see_topics(self) -> Self:
        blind = [name for name in self.apis if not names_topics(ApiKey[name])]
        if self.topics is not None and blind:
            # Such a rule would never match, and its author would think that it does.
            raise ValueError(
                f"{', '.join(blind)} names no topics: leave topics out, or move it to its own rule"
            )
        return self


class Limits(Section):
    """What one peer, or all together, may cost."""

    connections: Annotated[int, Field(ge=1, le=1_000_000)] = 4_096
    frame_bytes_max: Annotated[int, Field(ge=64 * 1024, le=1024 * MIB)] = FRAME_BYTES_MAX
    in_flight_max: Annotated[int, Field(ge=1, le=10_000)] = IN_FLIGHT_MAX
    idle_ms: Annotated[int, Field(ge=1_000, le=86_400_000)] = IDLE_MS
    write_buffer_bytes: Annotated[int, Field(ge=4_096, le=64 * MIB)] = 256 * 1024
    password_checks: Annotated[int, Field(ge=1, le=64)] = 2
    journal_file_bytes: Annotated[int, Field(ge=MIB, le=1024 * MIB)] = 64 * MIB
    journal_bytes_max: Annotated[int, Field(ge=8 * MIB)] = 4 * 1024 * MIB
    drain_seconds: Annotated[int, Field(ge=0, le=3_600)] = 10

    @model_validator(mode="after")
    def _hold_some_journal_files(self) -> Self:
        # The sealer frees whole files but never the newest, and reading goes on below 3/8 of the
        # limit: a newest file larger than that could not be freed, and traffic would never go on.
        needed = 4 * (self.journal_file_bytes + self.frame_bytes_max)
        if self.journal_bytes_max < needed:
            raise ValueError(
                f"journal_bytes_max must be at least 4 * (journal_file_bytes + frame_bytes_max) = "
                f"{needed}: raise it or lower one of these"
            )
        return self


class Config(Section):
    """The whole configuration of one gateway."""

    instance: Name
    archive: Path
    journal: Path
    durability: Literal["written"] = "written"
    upstream: Upstream
    listeners: Annotated[tuple[Listener, ...], Field(min_length=1, max_length=64)]
    forbid: tuple[ForbidRule, ...] = ()
    limits: Limits = Limits()

    @field_validator("listeners")
    @classmethod
    def _listeners_keep_apart(cls, listeners: tuple[Listener, ...]) -> tuple[Listener, ...]:
        refuse_repeats("listener name", [listener.name for listener in listeners])
        refuse_repeats(
            "address",
            [f"{listener.host}:{port}" for listener in listeners for port in listener.ports],
        )
        return listeners

    @model_validator(mode="after")
    def _journal_and_archive_keep_apart(self) -> Self:
        # Compared as written, for neither need exist yet.
        archive, journal = (Path(normpath(path)) for path in (self.archive, self.journal))
        if archive.is_relative_to(journal) or journal.is_relative_to(archive):
            raise ValueError(
                f"archive {archive} and journal {journal} must lie apart: "
                "what is in the journal is deleted once it is sealed"
            )
        return self

    @field_validator("forbid")
    @classmethod
    def _rules_keep_apart(cls, rules: tuple[ForbidRule, ...]) -> tuple[ForbidRule, ...]:
        refuse_repeats("rule id", [rule.id for rule in rules])
        return rules

    def origin(self, worker: int = 0) -> str:
        """Name the origin that one worker's evidence carries: one worker, one journal."""
        return f"{self.instance}.{worker}"

    def journal_directory(self, worker: int = 0) -> Path:
        """Tell where one worker keeps its journal."""
        return self.journal / self.origin(worker)


def split_address(address: str) -> tuple[str, int]:
    """Split `host:port` (an IPv6 host in brackets); raises ValueError with the form expected."""
    host, colon, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    plain = host[1:-1] if bracketed else host
    if not colon or not plain or (":" in plain and not bracketed) or not port.isdecimal():
        raise ValueError(f"{address!r} is not of the form host:port")
    if not 1 <= int(port) <= PORT_MAX:
        raise ValueError(f"{address!r} has a port outside 1 to {PORT_MAX}")
    return plain, int(port)


def is_wildcard(host: str) -> bool:
    """Tell whether a host stands for every address of the machine, which no client can dial."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def refuse_repeats(noun: str, names: list[str]) -> None:
    """Raise ValueError when a name that must be its own occurs twice."""
    repeated = sorted(name for name, times in Counter(names).items() if times > 1)
    if repeated:
        raise ValueError(f"each {noun} may appear once only, repeated: {', '.join(repeated)}")
