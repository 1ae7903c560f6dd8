"""Naming the topics of requests by id that were recorded before anything had named the id."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.archive.problems import GapKind

if TYPE_CHECKING:
    from collections.abc import Mapping


def resolved(frames: Mapping[str, pl.LazyFrame]) -> dict[str, pl.LazyFrame]:
    """Return the frames in which names are missing, with those that another event knows.

    An id never changes its name (KIP-516), so it does not matter when the name was recorded.
    """
    is_unresolved = pl.col("kind") == GapKind.UNRESOLVED_TOPIC
    unnamed = frames["gaps"].filter(is_unresolved).select("topic_id").unique()
    known = (
        frames["events"]
        .filter(pl.col("topic").is_not_null() & pl.col("topic_id").is_not_null())
        .join(unnamed, on="topic_id", how="semi")
        .unique("topic_id", keep="any")
        .select("topic_id", "topic")
        .collect()
    )
    names = dict(known.rows())
    name = pl.col("topic_id").replace_strict(names, default=None, return_dtype=pl.String)
    named = {
        table: frames[table].with_columns(topic=pl.coalesce("topic", name))
        for table in ("events", "commits")
    }
    is_resolved = is_unresolved & pl.col("topic_id").is_in(list(names))
    return {**named, "gaps": frames["gaps"].filter(~is_resolved.fill_null(value=False))}
