"""The tables of approvals: working state, of which the evidence tells the history."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)

METADATA = MetaData()

IS_OPEN = "state IN ('pending', 'approved')"

REQUESTS = Table(
    "requests",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("api", Text, nullable=False),
    Column("rule_id", Text, nullable=False),
    # JSON: groups, topics, client and what reviewers are shown.
    Column("asked", Text, nullable=False),
    Column("reviewers", Integer, nullable=False),
    Column("reviewer_groups", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("records_max", BigInteger),
    Column("bytes_max", BigInteger),
    Column("asked_ns", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    # Until then somebody must decide, or use what was decided.
    Column("until_ns", BigInteger, nullable=False),
    Column("decided_ns", BigInteger),
    Column("used_records", BigInteger, nullable=False, server_default=text("0")),
    Column("used_bytes", BigInteger, nullable=False, server_default=text("0")),
    Column("glass_issuer", Text),
    Column("glass_subject", Text),
    Column("reason", Text),
    # However many gateways hold the same request, it is asked once.
    Index(
        "one_open_request",
        "digest",
        unique=True,
        sqlite_where=text(IS_OPEN),
        postgresql_where=text(IS_OPEN),
    ),
    Index("requests_by_asker", "issuer", "subject", "state"),
)

VOTES = Table(
    "votes",
    METADATA,
    Column("request_id", Text, ForeignKey("requests.id"), primary_key=True),
    Column("issuer", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("cast_ns", BigInteger, nullable=False),
    Column("auth_time", BigInteger),
    Column("token_hash", Text),
)
