"""The table of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gateway.evidence.event import EventKind
from workbench.tables.schemas import SESSIONS

if TYPE_CHECKING:
    from workbench.tables.frames import Frames


def sessions(frames: Frames) -> pl.LazyFrame:
    """Make the table of sessions."""
    is_own = pl.col("kind") != EventKind.OUTCOME_UNKNOWN  # written later, by recovery
    own = frames.events.filter(pl.col("session").is_not_null() & is_own)
    return (
        own.group_by("origin", "session")
        .agg(**_columns())
        .sort("origin", "first_sequence")
        .select(SESSIONS.schema.names())
    )


def _columns() -> dict[str, pl.Expr]:
    kind = pl.col("kind")
    claimed = pl.col("claimed").filter(pl.col("claimed").is_not_null())
    columns = {
        "opened_at": _at(EventKind.SESSION_OPEN, "min"),
        "authenticated_at": _at(EventKind.SESSION_AUTHENTICATED, "min"),
        "closed_at": _at(EventKind.SESSION_CLOSE, "max"),
        "last_seen_at": pl.col("at").max_by("sequence"),
        "exchange_count": pl.coalesce(
            pl.col("exchange_count").max(), pl.col("exchange").max() + 1, pl.lit(0, pl.Int64)
        ),
        "rejections": (kind == EventKind.SESSION_REJECTED).sum().cast(pl.Int64),
        "claimed": claimed.sort_by(pl.col("sequence").filter(pl.col("claimed").is_not_null())),
        "first_sequence": pl.col("sequence").min(),
        "last_sequence": pl.col("sequence").max(),
        "groups": _newest("groups", pl.col("principal").is_not_null()),
    }
    newest_known = (
        "principal",
        "issuer",
        "subject",
        "client_id",
        "peer",
        "mechanism",
        "software_name",
        "software_version",
        "listener",
        "node_id",
        "bytes_from_client",
        "bytes_to_client",
        "close_reason",
    )
    return columns | {name: _newest(name, pl.col(name).is_not_null()) for name in newest_known}


def _at(kind: EventKind, which: str) -> pl.Expr:
    at = pl.col("at").filter(pl.col("kind") == kind)
    return at.min() if which == "min" else at.max()


def _newest(name: str, where: pl.Expr) -> pl.Expr:
    return pl.col(name).filter(where).max_by(pl.col("sequence").filter(where))
