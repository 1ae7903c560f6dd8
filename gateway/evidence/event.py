"""The event: one immutable audit fact, and the Arrow schema in which segments store it.

An `Event` is what the gateway appends to its journal; a row of `EVENT_SCHEMA` is what the sealer
writes into a segment and what every reader sees. The two differ in one place only: an event carries
its payload as one run of bytes plus the extents of the record batches in it, a row carries each
batch with its SHA-256, and the bytes only the first time that batch appears in a segment.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
import pyarrow as pa

FORMAT_VERSION = 1


class EventKind(StrEnum):
    """What an event states; the value is the text in the `kind` column."""

    RECORDER_START = "recorder_start"
    RECORDER_STOP = "recorder_stop"
    HEARTBEAT = "heartbeat"
    """The recording process lives; recorded when nothing else was for a while."""
    CLOCK_STEP = "clock_step"
    """The wall clock moved against the monotonic one."""
    TRAFFIC_LEVEL = "traffic_level"
    """How far the gateway lets traffic, and why that has changed."""
    POLICY_LOADED = "policy_loaded"
    """The policy bundle in force is another one, or a new one was refused."""
    SESSION_OPEN = "session_open"
    SESSION_AUTHENTICATED = "session_authenticated"
    SESSION_REJECTED = "session_rejected"
    GROUPS_CHANGED = "groups_changed"
    """The client logged in again, and is in other groups since."""
    SESSION_CLOSE = "session_close"
    INTENT = "intent"
    """A state-changing request, recorded before it is forwarded."""
    EXCHANGE = "exchange"
    """A request with its answer, or the fact that none comes; recorded before it is released."""
    PRODUCE = "produce"
    """The records of one topic-partition of a Produce request, recorded before forwarding."""
    PRODUCED = "produced"
    """The broker's answer for one topic-partition of a Produce request."""
    DELIVERED = "delivered"
    """The records of one topic-partition of a (Share)Fetch answer, recorded before release."""
    APPROVAL = "approval"
    """A step of a request that needs approval: asked, voted on, used, ended."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """Written by recovery for an intent whose answer was never recorded."""
    TORN = "torn"
    """Bytes at the end of a journal that form no whole entry, kept as they were found."""
    PROTOCOL_ERROR = "protocol_error"
    """A peer sent bytes that do not follow the protocol, or something that is refused outright."""


class Extent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The place of one record batch in an event's payload; extents lie in order and fill it.

    `first_offset` and `last_offset` are None for bytes that form no whole batch (a cut tail of a
    Fetch answer), and relative to the batch in a Produce request, where the broker has not assigned
    offsets yet.
    """

    first_offset: int | None
    last_offset: int | None
    record_count: int
    byte_count: int


class Masked(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How often one field was masked, and how, in one event's payload."""

    field: str
    method: str
    count: int


class Event(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One audit fact; docs/segment-format.md explains each column.

    The journal adds the sequence number, the journal file the boot id.
    """

    kind: EventKind
    wall_ns: int
    monotonic_ns: int
    session: str | None = None
    listener: str | None = None
    peer: str | None = None
    node_id: int | None = None
    issuer: str | None = None
    subject: str | None = None
    groups: tuple[str, ...] = ()
    client_id: str | None = None
    exchange: int | None = None
    api_key: int | None = None
    api_version: int | None = None
    correlation_id: int | None = None
    topic: str | None = None
    topic_id: str | None = None
    partition: int | None = None
    requested_offset: int | None = None
    first_offset: int | None = None
    last_offset: int | None = None
    record_count: int | None = None
    byte_count: int | None = None
    error_code: int | None = None
    decision: str | None = None
    rule_ids: tuple[str, ...] = ()
    bundle_digest: bytes | None = None
    approval_id: str | None = None
    masked: tuple[Masked, ...] = ()
    detail: str | None = None
    extents: tuple[Extent, ...] = ()
    # A view, so that neither recording nor sealing copies what a client fetched.
    payload: memoryview | None = None


MASKED_TYPE = pa.struct([("field", pa.string()), ("method", pa.string()), ("count", pa.int64())])

BATCH_TYPE = pa.struct(
    [
        ("sha256", pa.binary(32)),
        ("first_offset", pa.int64()),
        ("last_offset", pa.int64()),
        ("record_count", pa.int32()),
        ("byte_count", pa.int32()),
        # Null when the same bytes stand earlier in this segment: find them by `sha256`.
        ("payload", pa.binary()),
    ]
)

EVENT_SCHEMA = pa.schema(
    [
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("wall_time", pa.timestamp("ns", tz="UTC"), nullable=False),
        pa.field("monotonic_ns", pa.int64(), nullable=False),
        pa.field("boot_id", pa.string(), nullable=False),
        ("session", pa.string()),
        ("listener", pa.string()),
        ("peer", pa.string()),
        ("node_id", pa.int32()),
        ("issuer", pa.string()),
        ("subject", pa.string()),
        ("groups", pa.list_(pa.string())),
        ("client_id", pa.string()),
        ("exchange", pa.int64()),
        ("api_key", pa.int16()),
        ("api_version", pa.int16()),
        ("correlation_id", pa.int32()),
        ("topic", pa.string()),
        ("topic_id", pa.string()),
        ("partition", pa.int32()),
        ("requested_offset", pa.int64()),
        ("first_offset", pa.int64()),
        ("last_offset", pa.int64()),
        ("record_count", pa.int64()),
        ("byte_count", pa.int64()),
        ("error_code", pa.int16()),
        ("decision", pa.string()),
        ("rule_ids", pa.list_(pa.string())),
        ("bundle_digest", pa.binary(32)),
        ("approval_id", pa.string()),
        ("masked", pa.list_(MASKED_TYPE)),
        ("detail", pa.string()),
        ("batches", pa.list_(BATCH_TYPE)),
    ],
    metadata={b"streamwitness.format": str(FORMAT_VERSION).encode()},
)
