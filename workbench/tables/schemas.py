"""The tables: what a row of each one is, and every column with its type, unit and meaning.

Times are UTC to the microsecond; order comes from `sequence`, never from time. A principal is
written `subject@issuer`; it is null where nobody was authenticated.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from workbench.tables.columns import DECIDED, HEADERS, MASKED, PARTITION, PLACE, TIME, WHO
from workbench.tables.schema import Column, Table

SCHEMA_VERSION: Final = 1
"""Counts up when a column changes its name, type or meaning; new columns do not count."""

SESSIONS: Final = Table(
    "sessions",
    "one client connection",
    (
        Column("origin", pl.String, "the gateway instance that recorded the session"),
        Column("session", pl.String, "the session's id"),
        Column("opened_at", TIME, "when the client connected"),
        Column("authenticated_at", TIME, "when its principal was first verified"),
        Column("closed_at", TIME, "when it ended; null while open, or when a crash hid the end"),
        Column("last_seen_at", TIME, "the time of its newest event, what recovery adds left out"),
        *WHO,
        Column("groups", pl.List(pl.String), "the principal's groups as verified"),
        Column("mechanism", pl.String, "how it authenticated: none, PLAIN"),
        Column("software_name", pl.String, "the client library (KIP-511): its own claim"),
        Column("software_version", pl.String, "the library's version: its own claim"),
        Column("listener", pl.String, "where it connected"),
        Column("node_id", pl.Int32, "the broker node behind the port; null for bootstrap"),
        Column("exchange_count", pl.Int64, "requests that were begun"),
        Column("bytes_from_client", pl.Int64, "bytes received from the client; null while open"),
        Column("bytes_to_client", pl.Int64, "bytes sent to the client; null while open"),
        Column("close_reason", pl.String, "why it ended; null while open"),
        Column("rejections", pl.Int64, "failed logins"),
        Column("claimed", pl.List(pl.String), "user names of failed logins"),
        Column("first_sequence", pl.Int64, "the sequence of its first event"),
        Column("last_sequence", pl.Int64, "the sequence of its newest event"),
    ),
)

EXCHANGES: Final = Table(
    "exchanges",
    "one request with its answer, or the fact that none came",
    (
        *PLACE,
        Column("at", TIME, "when the row was recorded, before the answer was released"),
        *WHO,
        Column("node_id", pl.Int32, "the broker node; null for bootstrap"),
        Column("api", pl.String, "the Kafka API's name, for example FETCH"),
        Column("api_key", pl.Int16, "the Kafka API's number"),
        Column("api_version", pl.Int16, "the version that the client used"),
        Column("error_code", pl.Int16, "the answer's first error; 0 for none; null if unanswered"),
        *DECIDED,
        Column(
            "outcome",
            pl.String,
            "answered; none (acks=0 expects none); refused (by the gateway); unknown (no answer "
            "was recorded); not_forwarded",
        ),
        Column("elapsed", pl.Duration("us"), "from the request's arrival to its answer"),
        Column("detail", pl.String, "JSON of the decoded request and response"),
    ),
)

PRODUCED: Final = Table(
    "produced",
    "the records that one Produce request sent to one topic-partition",
    (
        *PLACE,
        Column("at", TIME, "when it was recorded, before it was forwarded"),
        Column("answered_at", TIME, "when the broker's answer was recorded"),
        *WHO,
        *PARTITION,
        Column("first_offset", pl.Int64, "the offset that the broker gave the first record"),
        Column("last_offset", pl.Int64, "the offset of the last record"),
        Column("record_count", pl.Int64, "records sent"),
        Column("byte_count", pl.Int64, "bytes of their batches"),
        Column("error_code", pl.Int16, "the broker's answer; null if none came"),
        Column(
            "outcome",
            pl.String,
            "acknowledged; failed (the broker refused); none (acks=0); unknown (no answer came)",
        ),
        Column("acks", pl.Int16, "what the producer asked for: 0, 1, -1 for all"),
        Column("transactional_id", pl.String, "the transaction's id"),
        *DECIDED,
        Column("masked", MASKED, "what was masked in the payload"),
        Column("batches", pl.List(pl.Binary), "SHA-256 of each record batch, in order"),
    ),
)

DELIVERED: Final = Table(
    "delivered",
    "the records of one topic-partition that one Fetch or ShareFetch answer brought to a client",
    (
        *PLACE,
        Column("at", TIME, "when it was recorded, before it was released to the client"),
        *WHO,
        *PARTITION,
        Column("via", pl.String, "FETCH or SHARE_FETCH"),
        Column("group_id", pl.String, "the share group; null for FETCH, which does not say"),
        Column(
            "requested_offset", pl.Int64, "where the client asked to begin; null for SHARE_FETCH"
        ),
        Column("first_offset", pl.Int64, "the first offset in the delivered batches"),
        Column("last_offset", pl.Int64, "the last offset in the delivered batches"),
        Column("record_count", pl.Int64, "records by the batch headers, control records included"),
        Column("byte_count", pl.Int64, "bytes delivered, a cut batch at the end included"),
        Column("error_code", pl.Int16, "the partition's error"),
        Column("isolation_level", pl.Int8, "0 read_uncommitted, 1 read_committed"),
        Column("high_watermark", pl.Int64, "the partition's end as the answer gave it"),
        Column("log_start_offset", pl.Int64, "the partition's beginning; -1 if not told"),
        Column(
            "aborted",
            pl.List(pl.Struct({"producer_id": pl.Int64, "first_offset": pl.Int64})),
            "aborted transactions that a read_committed consumer must leave out",
        ),
        *DECIDED,
        Column("masked", MASKED, "what was masked in the payload"),
        Column("batches", pl.List(pl.Binary), "SHA-256 of each record batch, in order"),
    ),
)

RECORDS: Final = Table(
    "records",
    "one record of one recorded batch of a topic-partition; control records are left out",
    (
        Column("direction", pl.String, "produced (sent by a client) or delivered (to a client)"),
        *PARTITION,
        Column("offset", pl.Int64, "its offset; null if it was produced and the answer is unknown"),
        Column("timestamp", TIME, "the record's own time; null for none, or beyond the year 9999"),
        Column(
            "timestamp_type",
            pl.String,
            "create (the producer's clock) or append (the broker's); null before format 1",
        ),
        Column("key", pl.Binary, "the key; null is null, empty is empty"),
        Column("value", pl.Binary, "the value; null is a tombstone"),
        Column("headers", HEADERS, "in their order, repeated names kept"),
        Column(
            "content",
            pl.Binary,
            "SHA-256 over key, value and headers: equal contents have equal ones",
        ),
        Column("codec", pl.String, "none, gzip, snappy, lz4, zstd"),
        Column("producer_id", pl.Int64, "-1 for none"),
        Column("is_transactional", pl.Boolean, "whether it belongs to a transaction"),
        Column("batch", pl.Binary, "SHA-256 of the batch as stored"),
        Column("position", pl.Int32, "its place in the batch, from 0"),
        Column("origin", pl.String, "the gateway instance that recorded it first"),
        Column("sequence", pl.Int64, "the event in which it was recorded first"),
        Column("at", TIME, "when it was recorded first"),
    ),
)

READS: Final = Table(
    "reads",
    "one record delivered to one client once; control records are left out",
    (
        *PLACE,
        Column("delivered_at", TIME, "when the delivery was recorded, before its release"),
        *WHO,
        *PARTITION,
        Column("offset", pl.Int64, "the record's offset"),
        Column("timestamp", TIME, "the record's own time"),
        Column(
            "proof_level",
            pl.Enum(["L2", "L3", "L4"]),
            "L2 delivered; L3 a later commit by the same principal lies behind it; L4 the same "
            "principal later produced the same content to another topic",
        ),
        Column(
            "is_below_requested",
            pl.Boolean,
            "the batch began before the requested offset: the bytes reached the client, though its "
            "library hides the record",
        ),
        Column(
            "is_aborted",
            pl.Boolean,
            "of an aborted transaction, though read_committed was asked for: its library hides it",
        ),
        Column(
            "is_inferred",
            pl.Boolean,
            "its batch is lost, encrypted or unreadable: the offset lies in it by its header, and "
            "what stood there is unknown",
        ),
        Column("masked", pl.List(pl.String), "fields masked in this delivery"),
        Column("batch", pl.Binary, "SHA-256 of the batch as stored"),
        Column("position", pl.Int32, "its place in the batch, from 0"),
    ),
)

COMMITS: Final = Table(
    "commits",
    "one offset that one request committed for a group",
    (
        *PLACE,
        Column("at", TIME, "when the answer was recorded"),
        *WHO,
        Column("via", pl.String, "OFFSET_COMMIT or TXN_OFFSET_COMMIT"),
        Column("group_id", pl.String, "the consumer group"),
        Column(
            "member_id", pl.String, "the member, empty for a consumer outside the group protocol"
        ),
        *PARTITION,
        Column("committed_offset", pl.Int64, "the next offset to read"),
        Column("error_code", pl.Int16, "the broker's answer; null if none was recorded"),
        Column("outcome", pl.String, "as in exchanges"),
    ),
)

ADMIN: Final = Table(
    "admin",
    "one request to an administrative, group or transaction API, refused ones included",
    (
        *PLACE,
        Column("at", TIME, "when it was recorded"),
        *WHO,
        Column("api", pl.String, "the Kafka API's name"),
        Column("is_change", pl.Boolean, "whether it could change the cluster or a group"),
        Column("targets", pl.List(pl.String), "topics, groups and other resources that it names"),
        Column("error_code", pl.Int16, "the answer's first error; 0 for none; null if unanswered"),
        *DECIDED,
        Column("outcome", pl.String, "as in exchanges"),
        Column("request", pl.String, "JSON of the decoded arguments, secrets withheld"),
        Column("response", pl.String, "JSON of the decoded answer"),
    ),
)

GAPS: Final = Table(
    "gaps",
    "one thing that is damaged, missing, undecodable or unknown",
    (
        Column("origin", pl.String, "the gateway instance concerned"),
        Column(
            "kind",
            pl.String,
            "what is wrong: a kind of damage to the archive, or one of those above",
        ),
        Column("message", pl.String, "what happened, and what it means"),
        Column("segment", pl.String, "the segment file"),
        Column("block", pl.Int64, "the block in its origin"),
        Column("first_sequence", pl.Int64, "the first event concerned"),
        Column("last_sequence", pl.Int64, "the last event concerned"),
        Column(
            "since",
            TIME,
            "the time of the first event concerned; where that is lost, of the newest before it",
        ),
        Column(
            "until",
            TIME,
            "the time of the last event concerned; where that is lost, of the first behind it; "
            "null if nothing follows",
        ),
        *PARTITION,
        Column("first_offset", pl.Int64, "the first offset concerned"),
        Column("last_offset", pl.Int64, "the last offset concerned"),
        Column("is_information", pl.Boolean, "no fault: for example a segment still being written"),
        Column(
            "batches",
            pl.List(pl.Binary),
            "SHA-256 of each recorded batch that a cut one is the beginning of; null for none",
        ),
    ),
)

TABLES: Final = (
    SESSIONS,
    EXCHANGES,
    PRODUCED,
    DELIVERED,
    RECORDS,
    READS,
    COMMITS,
    ADMIN,
    GAPS,
)
