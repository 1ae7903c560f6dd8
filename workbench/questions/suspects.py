"""Whom to look at first: the strongest bulk export, unless the responder names somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.names import UnknownNameError, find_principal, find_topic, host, is_session

if TYPE_CHECKING:
    from workbench.questions.coverage import Coverage
    from workbench.questions.verdict import Verdict
    from workbench.tables import Tables


_CLIENT = ["principal", "host", "client_id", "software_name", "software_version"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A principal with the connections and the topic to begin with."""

    principal: str
    sessions: tuple[str, ...] | None
    """The connections of one client: clients have one for each broker, and others to write.

    None: all connections of the principal.
    """
    topic: str

    def __str__(self) -> str:
        where = "" if self.sessions is None else f" on {self._connections}"
        return f"{self.principal}{where}, reading {self.topic}"

    @property
    def _connections(self) -> str:
        only, *others = self.sessions or ("",)
        return f"{1 + len(others)} connections" if others else f"the connection {only}"


def choose_suspect(
    tables: Tables, exports: Verdict, *, principal: str | None = None, topic: str | None = None
) -> Suspect:
    """Choose the client behind the strongest of the `bulk_exports` and what it read most.

    Its connections are those of the same principal, address, client id and software. A named
    principal is taken in any case, with all of its connections where none of them exported
    anything. Raises UnknownNameError when nobody is named and nothing was exported; with principal
    and topic named there is always somebody, also where nothing is left of the archive.

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
        raise UnknownNameError(_nobody(exports.coverage))
    session = first.get("session")
    sessions = None if session is None else _of_same_client(tables, session)
    if topic is not None:
        return Suspect(principal=name, sessions=sessions, topic=find_topic(tables, topic))
    return Suspect(principal=name, sessions=sessions, topic=_most_read(tables, name, sessions))


def _nobody(coverage: Coverage) -> str:
    if coverage.is_whole:
        return "nothing was exported in bulk: name the principal to look at"
    missing = " ".join(sentence for sentence in coverage.sentences() if "damaged" in sentence)
    return (
        f"no bulk export is on record, and one may be missing: {missing} "
        "Name the principal and the topic to look at"
    )


def _of_same_client(tables: Tables, session: str) -> tuple[str, ...]:
    known = tables.sessions.with_columns(host=host()).select("session", "opened_at", *_CLIENT)
    this = known.filter(pl.col("session") == session).select(_CLIENT)
    same = known.join(this, on=_CLIENT, how="semi", nulls_equal=True)
    return tuple(same.sort("opened_at", "session").collect()["session"])


def _most_read(tables: Tables, principal: str, sessions: tuple[str, ...] | None) -> str:
    chosen = is_session(sessions) if sessions else pl.col("principal") == principal
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
