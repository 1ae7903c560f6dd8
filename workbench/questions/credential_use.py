"""Was a credential used from a new place, or with new software?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.doubts import about_anything
from workbench.questions.names import find_principal, host
from workbench.questions.phrases import count_of, moment
from workbench.questions.verdict import Answer, Verdict

if TYPE_CHECKING:
    from workbench.tables import Tables

_WAY = ["principal", "host", "client_id", "software_name", "software_version", "mechanism"]
_NOVELTIES = ("host", "software_name", "client_id")


def credential_use(tables: Tables, principal: str | None = None) -> Verdict:
    """Say from where and with what software credentials were used, and what of that was new.

    New is what no earlier connection of the principal had. Failed logins are counted for the host
    that they came from, whatever name they claimed.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.credential_use import credential_use
    >>> verdict = credential_use(wb.open(sample.path()), "billing")
    >>> verdict.frame.select("host", "new", "failed_logins").rows()[-1]
    ('203.0.113.77', ['host', 'software name', 'client id'], 3)
    """
    rows = tables.sessions.with_columns(host=host())
    chosen = rows.filter(pl.col("principal").is_not_null())
    if principal is not None:
        principal = find_principal(tables, principal)
        chosen = chosen.filter(pl.col("principal") == principal)
    frame = _ways(chosen, rows)
    coverage = cover(tables)
    doubts = about_anything(coverage)
    new = frame.filter(pl.col("new").list.len() > 0)
    if not new.is_empty():
        answer, because = Answer.YES, _newest(new)
    elif doubts:
        answer, because = Answer.UNKNOWN, f"Nothing new was recorded, but {doubts[0]}."
    else:
        answer = Answer.NO
        because = f"Every connection was like an earlier one of its principal.{coverage.limit()}"
    whose = "a credential" if principal is None else f"the credential of {principal}"
    return Verdict(
        question=f"Was {whose} used from a new place or with new software?",
        answer=answer,
        because=because,
        coverage=coverage,
        covered=("Every recorded login, compared with the earlier ones of the same principal.",),
        not_covered=(
            *(f"There may be more: {doubt}." for doubt in doubts),
            "Whether it was new before the recording began.",
            "Client ids and software are claims of the client; an address may be that of a proxy.",
        ),
        frame=frame,
        rows=rows.sort("opened_at"),
        parameters={} if principal is None else {"principal": principal},
    )


def _ways(chosen: pl.LazyFrame, sessions: pl.LazyFrame) -> pl.DataFrame:
    """Return each way in which a principal connected, with what was new about it."""
    failed = sessions.group_by("host").agg(failed_logins=pl.col("rejections").sum())
    ways = chosen.group_by(_WAY).agg(
        sessions=pl.len(), first_at=pl.col("opened_at").min(), last_at=pl.col("opened_at").max()
    )
    first = pl.col("first_at")
    is_new = [
        (first == first.min().over("principal", name))
        & (first > first.min().over("principal"))
        & pl.col(name).is_not_null()
        for name in _NOVELTIES
    ]
    new = pl.concat_list(
        pl.when(condition).then(pl.lit(name.replace("_", " ")))
        for name, condition in zip(_NOVELTIES, is_new, strict=True)
    ).list.drop_nulls()
    return (
        ways.with_columns(new=new)
        .join(failed, on="host", how="left")
        .select(
            "principal",
            "host",
            "new",
            "failed_logins",
            *_WAY[2:],
            "sessions",
            "first_at",
            "last_at",
        )
        .sort("principal", "first_at")
        .collect()
    )


def _newest(new: pl.DataFrame) -> str:
    strongest = new.sort(pl.col("new").list.len(), "first_at", descending=True).row(0, named=True)
    failed = strongest["failed_logins"]
    before = f", after {count_of(failed, 'failed login')} from there" if failed else ""
    more = "" if new.height == 1 else f"; {new.height - 1:,} more such changes"
    return (
        f"{strongest['principal']} came from {strongest['host']} as {strongest['client_id']} with "
        f"{strongest['software_name']} {strongest['software_version']} at "
        f"{moment(strongest['first_at'])}: new {', '.join(strongest['new'])}{before}{more}."
    )
