"""What was refused, to whom, and by which rule?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.doubts import about_anything
from workbench.questions.phrases import count_of
from workbench.questions.verdict import Answer, Verdict

if TYPE_CHECKING:
    from workbench.tables import Tables

_LOGIN_APIS = ["SASL_HANDSHAKE", "SASL_AUTHENTICATE"]


def what_was_refused(tables: Tables) -> Verdict:
    """Say which requests and logins the gateway refused or held.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.refusals import what_was_refused
    >>> what_was_refused(wb.open(sample.path())).frame["api"].to_list()
    ['SASL_AUTHENTICATE', 'DELETE_TOPICS']
    """
    rows = (
        tables.exchanges.filter(pl.col("decision").is_in(["deny", "hold"]))
        .join(
            tables.admin.select("origin", "sequence", "targets"),
            on=["origin", "sequence"],
            how="left",
        )
        .join(tables.sessions.select("session", "claimed"), on="session", how="left")
        .with_columns(
            claimed=pl.when(pl.col("api").is_in(_LOGIN_APIS)).then(pl.col("claimed")),
        )
        .sort("at", "origin", "sequence")
    )
    frame = (
        rows.group_by("principal", "api", "decision", "rule_ids", "error_code", "client_id")
        .agg(
            pl.col("peer").str.replace(r":\d+$", "").unique().sort().alias("hosts"),
            times=pl.len(),
            targets=pl.col("targets").explode().drop_nulls().unique().sort(),
            claimed=pl.col("claimed").explode().drop_nulls().unique().sort(),
            first_at=pl.col("at").min(),
            last_at=pl.col("at").max(),
        )
        .sort("first_at", "api")
        .collect()
    )
    coverage = cover(tables)
    doubts = about_anything(coverage)
    if not frame.is_empty():
        answer, because = Answer.YES, _refused(frame)
    elif doubts:
        answer, because = Answer.UNKNOWN, f"Nothing was refused on record, but {doubts[0]}."
    else:
        answer, because = Answer.NO, f"Every request was allowed.{coverage.limit()}"
    return Verdict(
        question="Was anything refused?",
        answer=answer,
        because=because,
        coverage=coverage,
        covered=("Every decision of the gateway, with the rules behind it.",),
        not_covered=(
            *(f"There may be more: {doubt}." for doubt in doubts),
            "What brokers refused themselves: the errors in the table of exchanges.",
        ),
        frame=frame,
        rows=rows,
    )


def _refused(frame: pl.DataFrame) -> str:
    is_login = pl.col("api").is_in(_LOGIN_APIS)
    told = []
    for what, rows, column in (
        ("request", frame.filter(~is_login), "api"),
        ("login", frame.filter(is_login), "claimed"),
    ):
        if rows.height:
            names = rows[column].explode() if column == "claimed" else rows[column]
            named = ", ".join(sorted(names.drop_nulls().unique()))
            told.append(f"{count_of(int(rows['times'].sum()), what)} ({named})")
    return f"{' and '.join(told)}."
