"""What did this principal read?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.doubts import Asked, about_reads
from workbench.questions.given import time_of
from workbench.questions.names import (
    find_principal,
    find_session,
    find_topic,
    is_session,
    is_topic,
    tell_session,
)
from workbench.questions.phrases import count_of
from workbench.questions.verdict import Answer, Verdict
from workbench.questions.wording import HIDDEN, PASSED, strongest

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from workbench.tables import Tables

_TOPICS_TOLD = 4


def what_did_principal_read(
    tables: Tables,
    principal: str,
    *,
    topic: str | None = None,
    session: str | Collection[str] | None = None,
    since: datetime | str | None = None,
    until: datetime | str | None = None,
) -> Verdict:
    """Say which records a principal was sent, by topic-partition and session.

    A client has several sessions: one for each broker, and others to write. `since` is inclusive,
    `until` is not; both compare with the time of delivery and have a zone.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.principal_reads import what_did_principal_read
    >>> verdict = what_did_principal_read(wb.open(sample.path()), "reporting")
    >>> verdict.frame["topic"].to_list()
    ['invoices']
    """
    since, until = time_of("since", since), time_of("until", until)
    principal = find_principal(tables, principal, until)
    chosen = [pl.col("principal") == principal]
    if topic is not None:
        topic = find_topic(tables, topic, until)
        chosen.append(is_topic(topic))
    if session is not None:
        chosen.append(is_session(find_session(tables, session, until)))
    if since is not None:
        chosen.append(pl.col("delivered_at") >= since)
    if until is not None:
        chosen.append(pl.col("delivered_at") < until)
    rows = tables.reads.filter(*chosen)
    frame = _summary(rows)
    coverage = cover(tables)
    doubts = about_reads(
        tables, coverage, Asked(topic=topic, since=since, until=until, deliveries=chosen)
    )
    given = {"topic": topic, "session": session, "since": since, "until": until}
    limits: dict[str, object] = {name: it for name, it in given.items() if it is not None}
    if not frame.is_empty():
        answer, because = Answer.YES, _amount(frame)
    elif doubts:
        answer, because = Answer.UNKNOWN, f"No delivery is recorded, but {doubts[0]}."
    else:
        answer, because = Answer.NO, f"No delivery is recorded.{coverage.limit(until)}"
    of_topic = "" if topic is None else f" of {topic}"
    told = {name: f"{name} {value}" for name, value in limits.items() if name != "topic"}
    if session is not None:
        told["session"] = tell_session(session)
    limited = "".join(f", {limit}" for limit in told.values())
    return Verdict(
        question=f"Did {principal} read anything{of_topic}{limited}?",
        answer=answer,
        because=because,
        proof=strongest(frame),
        coverage=coverage,
        covered=("Every record of every recorded delivery.", PASSED),
        not_covered=tuple(f"It may have been more: {doubt}." for doubt in doubts),
        frame=frame,
        rows=rows,
        parameters={"principal": principal, **limits},
    )


def _summary(rows: pl.LazyFrame) -> pl.DataFrame:
    return (
        rows.group_by(pl.coalesce("topic", "topic_id"), "partition", "session", "peer")
        .agg(
            records=pl.col("offset").n_unique(),
            deliveries=pl.len(),
            first_offset=pl.col("offset").min(),
            last_offset=pl.col("offset").max(),
            first_at=pl.col("delivered_at").min(),
            last_at=pl.col("delivered_at").max(),
            masked=pl.col("masked").explode().drop_nulls().unique().sort(),
            hidden=HIDDEN.sum(),
            proof_level=pl.col("proof_level").max(),
        )
        .sort("first_at", "topic", "partition")
        .collect()
    )


def _amount(frame: pl.DataFrame) -> str:
    totals = frame.group_by("topic").agg(pl.col("deliveries").sum())
    largest = totals.sort("deliveries", "topic", descending=[True, False]).rows()
    told = [f"{count_of(count, 'record')} of {topic}" for topic, count in largest[:_TOPICS_TOLD]]
    if len(largest) > _TOPICS_TOLD:
        told.append(f"records of {len(largest) - _TOPICS_TOLD:,} more topics")
    sessions = count_of(frame["session"].n_unique(), "connection")
    return f"It was given {', '.join(told)}, over {sessions}."
