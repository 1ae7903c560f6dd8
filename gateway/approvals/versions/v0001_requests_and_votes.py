"""Requests, votes, and what the database refuses about them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gateway.approvals.triggers import statements

revision = "0001"
down_revision = None

_OPEN = sa.text("state IN ('pending', 'approved')")


def upgrade() -> None:
    """Create the tables of the first version."""
    _create_requests()
    op.create_table(
        "votes",
        sa.Column("request_id", sa.Text(), sa.ForeignKey("requests.id"), primary_key=True),
        sa.Column("issuer", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cast_ns", sa.BigInteger(), nullable=False),
        sa.Column("auth_time", sa.BigInteger()),
        sa.Column("token_hash", sa.Text()),
    )
    for statement in statements(op.get_bind().dialect.name):
        op.execute(statement)


def _create_requests() -> None:
    texts = ("digest", "issuer", "subject", "api", "rule_id", "asked")
    op.create_table(
        "requests",
        sa.Column("id", sa.Text(), primary_key=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in texts),
        sa.Column("reviewers", sa.Integer(), nullable=False),
        sa.Column("reviewer_groups", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("records_max", sa.BigInteger()),
        sa.Column("bytes_max", sa.BigInteger()),
        sa.Column("asked_ns", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("until_ns", sa.BigInteger(), nullable=False),
        sa.Column("decided_ns", sa.BigInteger()),
        sa.Column("used_records", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("glass_issuer", sa.Text()),
        sa.Column("glass_subject", sa.Text()),
        sa.Column("reason", sa.Text()),
    )
    op.create_index(
        "one_open_request",
        "requests",
        ["digest"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("requests_by_asker", "requests", ["issuer", "subject", "state"])
