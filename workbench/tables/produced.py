"""The table of what was produced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from gateway.evidence.event import EventKind
from workbench.tables.delivered import batch_digests
from workbench.tables.exchanges import EXCHANGE
from workbench.tables.schemas import PRODUCED

if TYPE_CHECKING:
    from workbench.tables.frames import Frames

_PART: Final = (*EXCHANGE, "topic", "topic_id", "partition")


def produced(frames: Frames) -> pl.LazyFrame:
    """Make the table of what was produced."""
    return (
        with_answers(frames)
        .with_columns(batches=batch_digests(), outcome=_outcome())
        .select(PRODUCED.schema.names())
    )


def with_answers(frames: Frames) -> pl.LazyFrame:
    """Put beside each `produce` event what was answered for it."""
    kind = pl.col("kind")
    sent = frames.events.filter(kind == EventKind.PRODUCE).drop(
        "first_offset", "last_offset", "error_code", "acks", "transactional_id", "outcome"
    )
    answers = (
        frames.events.filter(kind == EventKind.PRODUCED)
        .select(*_PART, "first_offset", "last_offset", "error_code", answered_at="at")
        # A request may name a partition twice; the broker answers for it once.
        .unique(_PART, keep="first")
    )
    requests = (
        frames.events.filter((kind == EventKind.EXCHANGE) & (pl.col("api") == "PRODUCE"))
        .select(*EXCHANGE, "acks", "transactional_id", exchange_outcome="outcome")
        .unique(EXCHANGE, keep="first")
    )
    return sent.join(answers, on=_PART, how="left", nulls_equal=True, maintain_order="left").join(
        requests, on=EXCHANGE, how="left", nulls_equal=True, maintain_order="left"
    )


def _outcome() -> pl.Expr:
    return (
        pl.when(pl.col("error_code") == 0)
        .then(pl.lit("acknowledged"))
        .when(pl.col("error_code").is_not_null())
        .then(pl.lit("failed"))
        .when(pl.col("exchange_outcome") == "none")
        .then(pl.lit("none"))
        .otherwise(pl.lit("unknown"))
    )
