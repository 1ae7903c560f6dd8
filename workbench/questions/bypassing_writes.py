"""Was anything written past the gateway?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.creations import REQUEST_TIMED_OUT, was_never_sent
from workbench.questions.doubts import about_anything
from workbench.questions.names import PARTITION, find_topic
from workbench.questions.offsets import State, unaccounted, unseen_counts, written
from workbench.questions.phrases import count_of
from workbench.questions.verdict import Answer, Verdict

if TYPE_CHECKING:
    from workbench.questions.coverage import Coverage
    from workbench.tables import Tables


def bypassing_writes(tables: Tables, *, topic: str | None = None) -> Verdict:
    """Say whether delivered records were written by no recorded producer.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.bypassing_writes import bypassing_writes
    >>> verdict = bypassing_writes(wb.open(sample.path()), topic="orders")
    >>> verdict.answer, verdict.frame["bypassed"].sum()
    (<Answer.YES: 'yes'>, 1)
    """
    chosen = pl.lit(value=True)
    if topic is not None:
        topic = find_topic(tables, topic)
        chosen = pl.col("topic") == topic
    rows = unaccounted(tables).filter(chosen)
    frame = _summary(tables, rows, chosen)
    coverage = cover(tables)
    open_questions = (
        *_open_questions(frame, coverage),
        *_made_again(tables, frame),
        *_begun_meanwhile(rows, coverage),
    )
    bypassed = int(frame["bypassed"].sum())
    if bypassed:
        places = frame.filter(pl.col("bypassed") > 0)
        answer = Answer.YES
        first = places.row(0, named=True)
        because = (
            f"{count_of(bypassed, 'delivered record')} of "
            f"{count_of(places.height, 'topic-partition')} came from no recorded producer, first "
            f"{first['topic']}-{first['partition']} at offset {first['bypassed_offsets'][0]:,}."
        )
    elif open_questions:
        answer, because = Answer.UNKNOWN, f"No such record was found, but {open_questions[0]}."
    else:
        answer = Answer.NO
        because = (
            "Every offset since the recording began was written on record or is explained."
            f"{coverage.limit()}"
        )
    where = "" if topic is None else f" to {topic}"
    return Verdict(
        question=f"Was anything written{where} past the gateway?",
        answer=answer,
        because=because,
        coverage=coverage,
        covered=(
            "Every offset that was delivered, compared with the offsets that producers were told.",
            "Markers of transactions take offsets and are not counted as writes.",
            "Records of producers that were told no offset (acks=0) are recognised by content.",
            "Records that the broker refused are in no log, and explain nothing.",
        ),
        not_covered=(
            *(f"There may be more: {each}." for each in open_questions),
            "Another gateway whose archive is not loaded looks like a write past this one.",
            "Records of a time before the recording began: it may be the writer's claim.",
            "Records that retention or compaction removed before anybody read them.",
        ),
        frame=frame,
        rows=rows,
        parameters={} if topic is None else {"topic": topic},
    )


def _summary(tables: Tables, rows: pl.LazyFrame, chosen: pl.Expr) -> pl.DataFrame:
    states = rows.group_by(PARTITION).agg(
        *((pl.col("state") == state).sum().alias(state) for state in State),
        bypassed_offsets=pl.col("offset").filter(pl.col("state") == State.BYPASSED).sort().head(20),
    )
    recorded = written(tables).group_by(PARTITION)
    ranges = recorded.agg(written=(pl.col("last") - pl.col("first") + 1).sum())
    counts = [state.value for state in State]
    return (
        unseen_counts(tables)
        .join(ranges, on=PARTITION, how="left")
        .join(states, on=PARTITION, how="left")
        .filter(chosen)
        .with_columns(pl.col("written", *counts).fill_null(0))
        .select(*PARTITION, "written", *counts, "unseen", "bypassed_offsets")
        .sort(*PARTITION)
        .collect()
    )


def _made_again(tables: Tables, frame: pl.DataFrame) -> tuple[str, ...]:
    """Offsets of a topic that was deleted begin at 0 again: what is new may look accounted for."""
    ids = _ids(tables)
    deleted = _maybe_deleted(tables)
    several = ids.group_by("topic").len().filter(pl.col("len") > 1).select("topic")
    by_id = ids.join(deleted, left_on="topic_id", right_on="topic", how="semi").select("topic")
    again = pl.concat([deleted, several, by_id])
    topics = set(frame["topic"]) & set(again.collect()["topic"])
    if not topics:
        return ()
    were = count_of(len(topics), "topic was", "topics were")
    return (f"{were} deleted or may have been, so that offsets may have been given twice",)


def _maybe_deleted(tables: Tables) -> pl.LazyFrame:
    """List what requests to delete topics named, where not all of it was surely left as it was."""
    # Of several topics the row tells the first error alone; a broker that ran out of time goes on.
    error = pl.col("error_code")
    may_have_worked = (
        error.is_null() | error.is_in([0, REQUEST_TIMED_OUT]) | (pl.col("targets").list.len() > 1)
    )
    return (
        tables.admin.filter(
            pl.col("api") == "DELETE_TOPICS",
            may_have_worked,
            ~was_never_sent(),
        )
        .select(topic="targets")
        .explode("topic")
        .drop_nulls()
        .unique()
    )


def _ids(tables: Tables) -> pl.LazyFrame:
    """List the ids of each topic; one with several was deleted and made again."""
    seen = [
        each.select(topic=pl.coalesce("topic", "topic_id"), topic_id="topic_id")
        for each in (tables.produced, tables.delivered)
    ]
    return pl.concat(seen).drop_nulls().unique()


def _begun_meanwhile(rows: pl.LazyFrame, coverage: Coverage) -> tuple[str, ...]:
    """Count what was there when its partition was first heard of, and is younger than the record.

    A topic that was made and written to past the gateway looks so.
    """
    if not coverage.recorded:
        return ()
    began = [each.since for each in coverage.recorded if each.since is not None]
    is_younger = pl.lit(value=True)
    if len(began) == len(coverage.recorded):
        is_younger = (pl.col("timestamp") >= min(began)).fill_null(value=True)
    younger = rows.filter(pl.col("state") == State.EARLIER, is_younger)
    count = younger.select(pl.len()).collect().item()
    if not count:
        return ()
    records = count_of(count, "record was", "records were")
    return (f"{records} there when the partition was first heard of, yet may be younger",)


def _open_questions(frame: pl.DataFrame, coverage: Coverage) -> tuple[str, ...]:
    states = (State.MAYBE_LOST, State.MAYBE_UNANSWERED, State.MAYBE_EARLIER)
    unsure = frame.select(states).sum().row(0)
    found = list(about_anything(coverage))
    if unsure[0]:
        found.append(f"{count_of(unsure[0], 'offset')} may belong to requests that are missing")
    if unsure[1]:
        found.append(
            f"{count_of(unsure[1], 'record')} cannot be compared with what was sent without "
            "answer, or may have been kept though the request failed"
        )
    if unsure[2]:
        found.append(
            f"{count_of(unsure[2], 'record')} may be older than the recording or younger: the "
            "topic may have been made since, or no answer told where its log ended"
        )
    unseen = int(frame.filter(pl.col("unseen") > 0)["unseen"].sum())
    if unseen:
        found.append(
            f"{count_of(unseen, 'offset')} were neither written nor delivered on record (markers "
            "of transactions, records sent without answer, or writes past the gateway)"
        )
    return tuple(found)
