"""Content that is encrypted and was not opened: it may be anything; its offsets are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import ENCRYPTED
from workbench.questions.names import is_topic

if TYPE_CHECKING:
    from workbench.tables import Tables


def about_encrypted(tables: Tables, topic: str) -> tuple[str, ...]:
    """Say as a doubt that content of a topic is encrypted, and why it was not opened.

    Which offsets anybody was sent is known all the same: this is for questions about content.
    """
    gaps = tables.gaps.filter(
        pl.col("kind") == ENCRYPTED, is_topic(topic) | pl.col("topic").is_null()
    )
    messages = gaps.select(pl.col("message").unique().sort()).collect()["message"].to_list()
    if not messages:
        return ()
    more = len(messages) - 1
    return (f"{messages[0]}{f' (and {more:,} more such gaps)' if more else ''}",)
