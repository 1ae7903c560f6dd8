"""Whom to look at first: the strongest bulk export, unless the responder names somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.names import UnknownNameError, find_principal, find_topic

if TYPE_CHECKING:
    from workbench.questions.verdict import Verdict
    from workbench.tables import Tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A principal with the connection and the topic to begin with."""

    principal: str
    session: str | None
    topic: str

    def __str__(self) -> str:
        where = "" if self.session is None else f" on the connection {self.session}"
        return f"{self.principal}{where}, reading {self.topic}"


def choose_suspect(
    tables: Tables, exports: Verdict, *, principal: str | None = None, topic: str | None = None
) -> Suspect:
    """Choose the connection behind the strongest of the `bulk_exports` and what it read most.

    A named principal is taken in any case, with all of its connections where none of them exported
    anything. Raises UnknownNameError when nobody is named and nothing was exported.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.bulk_exports import bulk_exports
    >>> from workbench.questions.suspects import choose_suspect
    >>> tables = wb.open(sample.path())
    >>> print(choose_suspect(tables, bulk_exports(tables)))
    billing@gateway:clients on the connection s-0013, reading payments
    """
    found = exports.frame
    if principal is not None:
        principal = find_principal(tables, principal)
        found = found.filter(pl.col("principal") == principal)
    first = found.row(0, named=True) if found.height else {}
    name = principal or first.get("principal")
    if name is None:
        raise UnknownNameError("nothing was exported in bulk: name the principal to look at")
    session = first.get("session")
    if topic is not None:
        return Suspect(principal=name, session=session, topic=find_topic(tables, topic))
    return Suspect(principal=name, session=session, topic=_most_read(tables, name, session))


def _most_read(tables: Tables, principal: str, session: str | None) -> str:
    chosen = pl.col("session") == session if session else pl.col("principal") == principal
    read = (
        tables.delivered.filter(chosen)
        .group_by(topic=pl.coalesce("topic", "topic_id"))
        .agg(pl.col("record_count").sum())
        .sort("record_count", "topic", descending=[True, False])
        .collect()
    )
    if read.is_empty():
        raise UnknownNameError(f"{principal} read nothing: name the topic to look at")
    return str(read["topic"][0])
