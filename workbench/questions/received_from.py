"""Who received what this principal wrote?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.doubts import Asked, about_reads, about_unnamed
from workbench.questions.names import (
    find_principal,
    find_session,
    find_topic,
    is_session,
    is_topic,
    tell_session,
)
from workbench.questions.phrases import count_of
from workbench.questions.unanswered import may_be_kept
from workbench.questions.verdict import Answer, Verdict
from workbench.questions.wording import PASSED, strongest

if TYPE_CHECKING:
    from collections.abc import Collection

    from workbench.tables import Tables

_PARTITION = ["topic", "partition"]
_READERS_TOLD = 3


def who_received_from(
    tables: Tables,
    principal: str,
    *,
    session: str | Collection[str] | None = None,
    topic: str | None = None,
) -> Verdict:
    """Say which records a principal wrote, and which other connections were given them afterwards.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.received_from import who_received_from
    >>> truth = sample.truth()
    >>> verdict = who_received_from(
    ...     wb.open(sample.path()), "billing", session=truth.suspect_session, topic="orders"
    ... )
    >>> verdict.frame["reader"].to_list()
    ['fulfilment@gateway:clients']
    """
    principal = find_principal(tables, principal)
    chosen = [pl.col("principal") == principal]
    if session is not None:
        chosen.append(is_session(find_session(tables, session)))
    everything = produced = tables.produced.filter(*chosen)
    if topic is not None:
        topic = find_topic(tables, topic)
        produced = produced.filter(is_topic(topic))
    rows = _received(tables, produced)
    if session is not None:
        # Reading back on another connection of the same client reaches nobody else.
        rows = rows.filter(~is_session(session, "reader_session"))
    frame = _summary(produced, rows)
    coverage = cover(tables)
    doubts = (
        *about_reads(tables, coverage, Asked(topic=topic)),
        *_under_ids(tables, everything, topic),
        *_unplaced(produced),
    )
    readers = frame["reader"].drop_nulls().n_unique()
    if readers:
        answer = Answer.YES
        because = _receivers(frame)
    elif doubts:
        answer, because = Answer.UNKNOWN, f"No delivery of it is recorded, but {doubts[0]}."
    else:
        written = count_of(int(frame["written"].sum()), "record")
        answer = Answer.NO
        because = f"It wrote {written}; no delivery of any is recorded.{coverage.limit()}"
    given = {"session": session, "topic": topic}
    limits: dict[str, object] = {name: it for name, it in given.items() if it is not None}
    told = "" if session is None else f", {tell_session(session)}"
    told += "" if topic is None else f", topic {topic}"
    return Verdict(
        question=f"Did anybody receive what {principal} wrote{told}?",
        answer=answer,
        because=because,
        proof=strongest(frame.drop_nulls("reader")),
        coverage=coverage,
        covered=("Every later delivery of the offsets that it was told, by offset.", PASSED),
        not_covered=(
            *(f"There may be more: {doubt}." for doubt in doubts),
            "Its content where somebody else wrote it again.",
        ),
        frame=frame,
        rows=rows,
        parameters={"principal": principal, **limits},
    )


def _received(tables: Tables, produced: pl.LazyFrame) -> pl.LazyFrame:
    written = (
        produced.filter(pl.col("first_offset").is_not_null())
        .select(
            pl.coalesce("topic", "topic_id").alias("topic"),
            "partition",
            first="first_offset",
            last=pl.coalesce("last_offset", "first_offset"),
            written_at="at",
            writer_session="session",
        )
        .sort("first")
    )
    reads = tables.reads.select(
        pl.coalesce("topic", "topic_id").alias("topic"),
        "partition",
        "offset",
        "delivered_at",
        "proof_level",
        "peer",
        reader="principal",
        reader_session="session",
    ).filter(pl.col("topic").is_not_null())
    return (
        reads.sort("offset")
        .join_asof(
            written,
            left_on="offset",
            right_on="first",
            by=_PARTITION,
            strategy="backward",
            check_sortedness=False,
        )
        .filter(
            pl.col("offset") <= pl.col("last"),
            pl.col("reader_session") != pl.col("writer_session"),
            pl.col("delivered_at") >= pl.col("written_at"),
        )
        .drop("first", "last")
        .sort("delivered_at", *_PARTITION, "offset")
    )


def _summary(produced: pl.LazyFrame, rows: pl.LazyFrame) -> pl.DataFrame:
    written = produced.group_by(topic=pl.coalesce("topic", "topic_id")).agg(
        written=pl.col("record_count").sum(), written_at=pl.col("at").min()
    )
    received = rows.group_by("topic", "reader").agg(
        received=pl.struct("partition", "offset").n_unique(),
        connections=pl.col("reader_session").n_unique(),
        first_at=pl.col("delivered_at").min(),
        last_at=pl.col("delivered_at").max(),
        proof_level=pl.col("proof_level").max(),
    )
    return (
        written.join(received, on="topic", how="left", nulls_equal=True)
        .sort("written_at", "topic", "first_at")
        .collect()
    )


def _receivers(frame: pl.DataFrame) -> str:
    received = frame.drop_nulls("reader").sort("received", descending=True).head(_READERS_TOLD)
    told = [
        f"{row['reader']} received {count_of(row['received'], 'record')} of {row['topic']}"
        for row in received.iter_rows(named=True)
    ]
    more = frame["reader"].drop_nulls().len() - received.height
    return f"{'; '.join(told)}{f'; and {more:,} more' if more else ''}."


def _under_ids(tables: Tables, written: pl.LazyFrame, topic: str | None) -> tuple[str, ...]:
    """What was delivered or written under an id that no answer named may be of any name."""
    topics = written.group_by("topic", "topic_id").agg(pl.col("record_count").sum()).collect()
    doubts: list[str] = []
    if topic is None and topics.height:
        doubts.extend(about_unnamed(tables, topics["topic_id"].drop_nulls().to_list()))
    by_name = tables.delivered.filter(pl.col("topic").is_not_null(), pl.col("topic_id").is_null())
    count = int(topics.filter(pl.col("topic").is_null())["record_count"].sum())
    if count and by_name.select(pl.len()).collect().item():
        were = count_of(count, "record was", "records were")
        doubts.append(f"{were} written to a topic by an unknown id")
    return tuple(doubts)


def _unplaced(produced: pl.LazyFrame) -> tuple[str, ...]:
    """Records whose offsets the producer was never told cannot be followed by offset."""
    told_none = produced.filter(may_be_kept())
    count = told_none.select(pl.col("record_count").sum()).collect().item()
    return (f"the offsets of {count_of(count, 'record')} are unknown",) if count else ()
