"""The table of reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from gateway.evidence.event import EventKind
from workbench.tables.proof import with_committed, with_republished
from workbench.tables.references import TOPIC_KEY, found_batches, references, topic_key
from workbench.tables.schemas import READS

if TYPE_CHECKING:
    from workbench.tables.frames import Frames

INFERRED_OFFSETS_MAX: Final = 100_000
"""A batch that cannot be read says only from where to where it goes; beyond this many offsets it
stands in the gaps alone."""

_EVENT: Final = (
    "origin",
    "sequence",
    "session",
    "exchange",
    "at",
    "principal",
    "issuer",
    "subject",
    "client_id",
    "peer",
    "topic",
    "topic_id",
    TOPIC_KEY,
    "partition",
    "requested_offset",
    "masked",
    "committed_to",
)


def reads(frames: Frames) -> pl.LazyFrame:
    """Make the table of reads."""
    deliveries = frames.events.filter(pl.col("kind") == EventKind.DELIVERED)
    deliveries = with_committed(deliveries.with_columns(topic_key()), frames)
    batches = references(deliveries, _EVENT)
    if frames.has_lost_batch:
        batches = _found_elsewhere(batches, frames)
    columns = ("store", "number", "offset", "timestamp", "position", "content")
    known = frames.records.select(columns).join(
        batches.filter(pl.col("state") == "records"),
        on=("store", "number"),
        # The right side is kept in memory: deliveries are fewer than records.
        maintain_order="left_right",
    )
    known = with_republished(known, frames)
    rows = pl.concat(
        [known.with_columns(is_inferred=pl.lit(value=False)), _inferred(batches)], how="diagonal"
    )
    return rows.with_columns(
        delivered_at=pl.col("at"),
        proof_level=_proof_level(),
        is_below_requested=(pl.col("offset") < pl.col("requested_offset")).fill_null(value=False),
        masked=pl.col("masked").list.eval(pl.element().struct.field("field")),
    ).select(READS.schema.names())


def _proof_level() -> pl.Expr:
    return (
        pl.when(pl.col("is_republished"))
        .then(pl.lit("L4"))
        .when(pl.col("committed_to") > pl.col("offset"))
        .then(pl.lit("L3"))
        .otherwise(pl.lit("L2"))
        .cast(READS.schema["proof_level"])
    )


def _inferred(batches: pl.LazyFrame) -> pl.LazyFrame:
    """Give each offset of a batch that cannot be read its row: the bytes reached the client."""
    first, last = pl.col("batch_first_offset"), pl.col("batch_last_offset")
    is_unread = pl.col("state").is_in(["undecodable", "lost", "encrypted"]) & first.is_not_null()
    return (
        batches.filter(is_unread & (last - first < INFERRED_OFFSETS_MAX))
        .with_columns(offset=pl.int_ranges(first, last + 1))
        .explode("offset")
        .with_columns(is_inferred=pl.lit(value=True), is_republished=pl.lit(value=False))
    )


def _found_elsewhere(batches: pl.LazyFrame, frames: Frames) -> pl.LazyFrame:
    """Take the bytes that one segment lost from another that has them."""
    found = found_batches(frames).select(
        batch="sha256", found_store="store", found_number="number", found_state="state"
    )
    is_lost = pl.col("state") == "lost"
    return batches.join(found, on="batch", how="left", maintain_order="left").with_columns(
        store=pl.when(is_lost).then(pl.coalesce("found_store", "store")).otherwise("store"),
        number=pl.when(is_lost).then(pl.col("found_number")).otherwise("number"),
        state=pl.when(is_lost).then(pl.coalesce("found_state", "state")).otherwise("state"),
    )
