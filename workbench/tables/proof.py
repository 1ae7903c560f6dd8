"""How well it is proved that a delivered record was read: commits and re-publications after it.

Within one origin, later means a higher sequence number. Between origins only clocks can say, so an
act that another gateway recorded counts when it came later by its time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from workbench.tables.commits import commits
from workbench.tables.produced import with_answers
from workbench.tables.references import TOPIC_KEY, references, topic_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.tables.frames import Frames

_WHERE: Final = ("principal", TOPIC_KEY, "partition")


def with_committed(deliveries: pl.LazyFrame, frames: Frames) -> pl.LazyFrame:
    """Add `committed_to`: the highest offset that the principal committed afterwards.

    `deliveries` has `topic_key` and the event's columns.
    """
    done = (
        commits(frames)
        .filter((pl.col("error_code") == 0) & pl.col("principal").is_not_null())
        .select(
            "origin", "sequence", "at", "principal", topic_key(), "partition", "committed_offset"
        )
    )
    known = []
    for index, side in enumerate(_sides(frames)):
        name, by = f"committed_{index}", side.order
        keys = (*side.keys, *_WHERE)
        highest = pl.col("committed_offset").cum_max(reverse=True).over(*keys, order_by=by)
        there = done.filter(side.is_there).select(*keys, by, highest.alias(name))
        # `by` comes first, as the join needs it; the rest makes the order of the result certain.
        deliveries = deliveries.sort(by, "origin", "sequence").join_asof(
            there.sort(by),
            on=by,
            by=keys,
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        known.append(pl.when(side.is_for).then(pl.col(name)))
    return deliveries.with_columns(committed_to=pl.max_horizontal(*known))


def with_republished(reads: pl.LazyFrame, frames: Frames) -> pl.LazyFrame:
    """Add `is_republished`: whether the principal later produced the content to another topic."""
    if not frames.relays:
        return reads.with_columns(is_republished=pl.lit(value=False))
    sent = _sent_contents(frames)
    known = []
    for index, side in enumerate(_sides(frames)):
        newest, topic, other = (f"{name}_{index}" for name in ("newest", "topic", "other"))
        by = side.order
        keys = (*side.keys, "principal", "content")
        there = (
            sent.filter(side.is_there)
            .group_by(*keys, TOPIC_KEY)
            .agg(pl.col(by).max())
            .group_by(keys)
            .agg(
                pl.col(by).max().alias(newest),
                pl.col(TOPIC_KEY).sort_by(by).last().alias(topic),
                pl.col(by).sort(descending=True).get(1, null_on_oob=True).alias(other),
            )
        )
        reads = reads.join(there, on=keys, how="left", maintain_order="left")
        elsewhere = pl.when(pl.col(topic) != pl.col(TOPIC_KEY)).then(newest).otherwise(other)
        known.append(side.is_for & (elsewhere > pl.col(by)))
    return reads.with_columns(is_republished=pl.any_horizontal(*known).fill_null(value=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """Acts that can be ordered against deliveries in one way."""

    order: str
    """The column that says what came later."""
    keys: tuple[str, ...]
    """What act and delivery must have in common besides the principal."""
    is_there: pl.Expr
    """Which acts these are."""
    is_for: pl.Expr
    """Which deliveries they can be ordered against."""


def _sides(frames: Frames) -> Iterator[_Side]:
    every = pl.lit(value=True)
    yield _Side(order="sequence", keys=("origin",), is_there=every, is_for=every)
    if len(frames.origins) > 1:
        for origin in frames.origins:
            is_there = pl.col("origin") == origin
            yield _Side(order="at", keys=(), is_there=is_there, is_for=~is_there)


def _sent_contents(frames: Frames) -> pl.LazyFrame:
    is_taken = pl.col("error_code").fill_null(0) == 0
    sent = with_answers(frames).filter(is_taken & pl.col("principal").is_in(frames.relays))
    columns = ("origin", "sequence", "at", "principal", "topic", "topic_id")
    return (
        references(sent, columns)
        .filter(pl.col("state") == "records")
        .join(frames.records.select("store", "number", "content"), on=("store", "number"))
        .select("origin", "sequence", "at", "principal", "content", topic_key())
    )
