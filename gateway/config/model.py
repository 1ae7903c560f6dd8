"""Every key of the configuration file, its type, default and limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from gateway.apis.addresses import Addresses, AddressMap, NamedAddresses
from gateway.apis.refusal import refusable
from gateway.config.approvals import Approvals
from gateway.config.authentication import Authentication, SaslAuthentication
from gateway.config.masking import Masking
from gateway.config.sasl import UpstreamSasl
from gateway.config.section import Section
from gateway.config.tls import ListenerTls, UpstreamTls
from gateway.evidence.bucket.location import BUCKET_PATTERN, PREFIX_PATTERN
from gateway.evidence.durability import Durability, Mode
from gateway.evidence.encryption.recipients import parse_recipient
from gateway.evidence.errors import EncryptionError, ProofError
from gateway.evidence.log.key_uri import decode_key_uri, is_key_uri
from gateway.evidence.log.keys import Algorithm, decode_vkey
from gateway.evidence.log.note import check_key_name
from gateway.session.options import FRAME_BYTES_MAX, IDLE_MS, IN_FLIGHT_MAX
from gateway.wire.api_keys import ApiKey

MIB = 1024 * 1024
PORT_MAX = 65535
BOOTSTRAP_MAX = 64
LISTENERS_MAX = 64


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


def _refusable_api(name: str) -> str:
    if name not in ApiKey.__members__:
        raise ValueError(
            f"no API is called {name!r}; docs/kafka-support.md lists them, for example "
            "DELETE_TOPICS"
        )
    if ApiKey[name] not in frozenset(refusable().values()):
        # Without a shape in which to refuse it, its clients would only be cut off.
        raise ValueError(
            f"{name} cannot be refused: its answers have no form for that; "
            "docs/kafka-support.md lists what a rule can name"
        )
    return name


def _log_name(text: str) -> str:
    try:
        return check_key_name(text)
    except ProofError as error:
        raise ValueError(str(error)) from None


def _vkey(text: str) -> str:
    try:
        return decode_vkey(text).vkey
    except ProofError as error:
        raise ValueError(str(error)) from None


def _witness_key(text: str) -> str:
    if decode_vkey(_vkey(text)).algorithm is Algorithm.ED25519:
        # A recorder's key, for one, would vouch for its own log.
        raise ValueError("is no witness's key: give what `streamwitness key show --witness` prints")
    return text


def _url(text: str) -> str:
    try:
        parts = urlsplit(text)
        is_good = bool(parts.hostname and parts.hostname.encode("idna") and parts.port != 0)
    except ValueError:
        is_good = False
    if not is_good or "@" in parts.netloc:
        # Not repeated: a password may stand in it.
        raise ValueError("is no address: write https://HOST:PORT, without a user's name")
    return text


def _recipient(text: str) -> str:
    try:
        parse_recipient(text)
    except EncryptionError as error:
        raise ValueError(str(error)) from None
    return text


def _address(text: str) -> str:
    split_address(text)
    return text


def _key_place(text: str) -> str:
    try:
        if is_key_uri(text):
            decode_key_uri(text)
    except ProofError as error:
        raise ValueError(str(error)) from None
    return text


Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/@]+$")]
Port = Annotated[int, Field(ge=1, le=PORT_MAX)]
# A label for each node: certificates can hold `*` for a whole label.
NodeNames = Annotated[
    str, Field(max_length=240, pattern=r"^[A-Za-z0-9-]*\{node_id\}[A-Za-z0-9-]*(\.[A-Za-z0-9-]+)+$")
]
Glob = Annotated[str, Field(min_length=1, max_length=249)]

Address = Annotated[str, AfterValidator(_address)]
RefusableApi = Annotated[str, AfterValidator(_refusable_api)]
LogName = Annotated[str, AfterValidator(_log_name)]
VKey = Annotated[str, AfterValidator(_vkey)]
WitnessKey = Annotated[str, AfterValidator(_witness_key)]
Url = Annotated[str, Field(pattern=r"^https?://[^/\s]+(/\S*)?$"), AfterValidator(_url)]
DurabilityMode = Literal["strict", "bounded", "written"]
# Below that a disk is never fast enough; beyond that nothing is bounded.
BoundedMs = Annotated[int, Field(ge=2, le=60_000)]
RecipientText = Annotated[str, AfterValidator(_recipient)]
KeyPlace = Annotated[str, Field(min_length=1), AfterValidator(_key_place)]


class Upstream(Section):
    """The Kafka cluster behind the gateway."""

    bootstrap: Annotated[tuple[Address, ...], Field(min_length=1)]
    connect_timeout_ms: Annotated[int, Field(ge=100, le=300_000)] = 10_000
    request_timeout_ms: Annotated[int, Field(ge=100, le=300_000)] = 10_000
    refresh_ms: Annotated[int, Field(ge=1_000, le=3_600_000)] = 60_000
    tls: UpstreamTls | None = None
    sasl: UpstreamSasl | None = None

    def within(self, folder: Path) -> Upstream:
        """Return the section with paths that count from a folder."""
        tls = None if self.tls is None else self.tls.within(folder)
        sasl = None if self.sasl is None else self.sasl.within(folder)
        return self.model_copy(update={"tls": tls, "sasl": sasl})

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """The bootstrap brokers as host and port."""
        return tuple(split_address(address) for address in self.bootstrap)


class Nodes(Section):
    """What stands for the nodes: ports, first_port + node id - first_node_id, or names."""

    first_port: Port | None = None
    first_node_id: Annotated[int, Field(ge=0)] = 0
    count: Annotated[int, Field(ge=1, le=1_000)] | None = None
    sni: NodeNames | None = None

    @property
    def ports(self) -> dict[int, int]:
        """The port of each node id; none where names tell them apart."""
        first, count = self.first_port, self.count
        if first is None or count is None:
            return {}
        return {self.first_node_id + n: first + n for n in range(count)}


class Listener(Section):
    """One place where clients connect, with the ports that stand for the cluster's nodes."""

    name: Name
    host: Host = "127.0.0.1"
    port: Port
    advertised_host: Host | None = None
    nodes: Nodes
    tls: ListenerTls | None = None
    authentication: Authentication
    durability: DurabilityMode | None = None
    bounded_ms: BoundedMs | None = None

    def within(self, folder: Path) -> Listener:
        """Return the section with paths that count from a folder."""
        authentication = self.authentication
        if isinstance(authentication, SaslAuthentication):
            authentication = authentication.within(folder)
        tls = None if self.tls is None else self.tls.within(folder)
        return self.model_copy(update={"authentication": authentication, "tls": tls})

    @property
    def addresses(self) -> Addresses:
        """Where clients are told that the nodes are."""
        nodes = self.nodes
        if nodes.sni is not None:
            return NamedAddresses(names=nodes.sni, bootstrap=self.advertised, port=self.port)
        assert nodes.first_port is not None, "nodes have ports where they have no names"
        return AddressMap(
            host=self.advertised,
            first_port=nodes.first_port,
            first_node_id=nodes.first_node_id,
            count=len(nodes.ports),
        )

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
    apis: Annotated[tuple[RefusableApi, ...], Field(min_length=1)]
    topics: Annotated[tuple[Glob, ...], Field(min_length=1)] | None = None
    principals: Annotated[tuple[Glob, ...], Field(min_length=1)] | None = None


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
    disk_warn_bytes: Annotated[int, Field(ge=0)] = 1024 * MIB
    disk_refuse_sessions_bytes: Annotated[int, Field(ge=0)] = 512 * MIB
    disk_refuse_changes_bytes: Annotated[int, Field(ge=0)] = 256 * MIB
    disk_stop_bytes: Annotated[int, Field(ge=0)] = 128 * MIB
    ballast_bytes: Annotated[int, Field(ge=0, le=1024 * MIB)] = 32 * MIB


class Signing(Section):
    """The keys that sign the log of what is recorded; without this section the sealer makes one."""

    log: LogName
    keys: Annotated[tuple[KeyPlace, ...], Field(min_length=1, max_length=2)]
    certificate: Path
    root_key: VKey
    previous_key: KeyPlace | None = None
    previous_key_is_lost: bool = False

    def within(self, folder: Path) -> Signing:
        """Return the section with paths that count from a folder."""
        previous = None if self.previous_key is None else _beside(folder, self.previous_key)
        return self.model_copy(
            update={
                "keys": tuple(_beside(folder, key) for key in self.keys),
                "certificate": folder / self.certificate,
                "previous_key": previous,
            }
        )


def _beside(folder: Path, place: str) -> str:
    return place if is_key_uri(place) else str(folder / place)


class WitnessServer(Section):
    """A witness that cosigns the log."""

    url: Url
    key: WitnessKey


class Timestamps(Section):
    """The authority that puts its time under the log (RFC 3161)."""

    url: Url
    interval_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 60


class Encryption(Section):
    """Sealing of what clients send and are sent, with a key for each session."""

    keys: Path
    recipients: Annotated[tuple[RecipientText, ...], Field(min_length=1, max_length=16)]

    def within(self, folder: Path) -> Encryption:
        """Return the section with its path counted from a folder."""
        return self.model_copy(update={"keys": folder / self.keys})


class ObjectStorage(Section):
    """The bucket that the archive is copied to, under a lock."""

    bucket: Annotated[str, Field(pattern=BUCKET_PATTERN)]
    prefix: Annotated[str, Field(pattern=PREFIX_PATTERN, max_length=512)] | None = None
    endpoint: Annotated[Url, Field(pattern=r"^https?://[^/\s]+/?$")] | None = None
    region: Name | None = None
    retention_days: Annotated[int, Field(ge=1, le=36_500)]
    mode: Literal["compliance", "governance"] = "compliance"
    legal_hold: bool = False
    interval_seconds: Annotated[int, Field(ge=1, le=86_400)] = 60
    require_worm: bool = False


class Config(Section):
    """The whole configuration of one gateway."""

    instance: Name
    archive: Path
    journal: Path
    durability: DurabilityMode = "written"
    bounded_ms: BoundedMs = 50
    signing: Signing | None = None
    witnesses: Annotated[tuple[WitnessServer, ...], Field(max_length=16)] = ()
    timestamps: Timestamps | None = None
    encryption: Encryption | None = None
    witness_silence: Literal["alarm", "stop"] = "alarm"
    # An idle gateway signs a checkpoint about once a minute: less would be no silence.
    witness_silence_minutes: Annotated[int, Field(ge=2, le=10_080)] = 10
    object_storage: ObjectStorage | None = None
    upstream: Upstream
    listeners: Annotated[tuple[Listener, ...], Field(min_length=1)]
    forbid: tuple[ForbidRule, ...] = ()
    policy: Path | None = None
    masking: Masking = Masking()
    approvals: Approvals | None = None
    limits: Limits = Limits()

    def origin(self, worker: int = 0) -> str:
        """Name the origin that one worker's evidence carries: one worker, one journal."""
        return f"{self.instance}.{worker}"

    def durability_of(self, listener: Listener | None = None) -> Durability:
        """Tell when an event of a listener counts as recorded, or one of the gateway itself."""
        mode, bounded_ms = self.durability, self.bounded_ms
        if listener is not None:
            mode = listener.durability or mode
            bounded_ms = listener.bounded_ms or bounded_ms
        return Durability(Mode(mode), bounded_ms if mode == "bounded" else 0)

    def journal_directory(self, worker: int = 0) -> Path:
        """Tell where one worker keeps its journal."""
        return self.journal / self.origin(worker)
