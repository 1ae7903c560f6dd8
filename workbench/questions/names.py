"""Names as people type them, and the principals and topics that the tables know."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.known_topics import administered, is_no_failure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from workbench.tables import Tables

PARTITION: Final = ["topic", "partition"]

_LISTED_MAX = 12
_NEAR_MAX = 3


class UnknownNameError(ValueError):
    """A name that the tables do not know, or that means more than one; the message lists others."""


def find_principal(tables: Tables, name: str, until: datetime | None = None) -> str:
    """Return the principal as tables write it; a bare subject will do where it is unambiguous.

    A name that is not there is an error, unless the part of the archive that had it may be missing:
    of what was recorded before `until`, where only that is asked about.
    """
    sessions = tables.sessions.select("principal", "subject").drop_nulls().unique().collect()
    known = sorted(sessions["principal"].unique())
    if name in known:
        return name
    meant = sorted(sessions.filter(pl.col("subject") == name)["principal"].unique())
    if len(meant) == 1:
        return str(meant[0])
    if meant:
        raise UnknownNameError(f"{name!r} is the subject of several principals: {_list(meant)}")
    if _may_be_missing(tables, until):
        return name
    subjects = sorted(sessions["subject"].unique())
    raise UnknownNameError(_unknown("principal", name, known, [*subjects, *known]))


def find_topic(tables: Tables, name: str, until: datetime | None = None) -> str:
    """Return the topic's name, or its id where no answer has named it.

    A name that is not there is an error as with `find_principal`; a request that failed may have
    named what there is not.
    """
    seen = [
        frame.filter(is_no_failure()).select("topic", "topic_id").unique()
        for frame in (tables.produced, tables.delivered)
    ]
    topics = pl.concat(seen).unique().collect()
    committed = tables.commits.filter(is_no_failure()).select(pl.col("topic").unique()).collect()
    told = pl.concat([topics.select("topic"), committed])["topic"].drop_nulls()
    named = sorted({*told, *administered(tables)})
    known = sorted({*named, *topics["topic_id"].drop_nulls()})
    if name in known or _may_be_missing(tables, until):
        return name
    raise UnknownNameError(_unknown("topic", name, named, known))


def find_session(
    tables: Tables, session: str | Collection[str], until: datetime | None = None
) -> str | Collection[str]:
    """Return the connection or connections, every one of which was recorded.

    One that is not there is an error as with `find_principal`. Raises ValueError for none at all,
    of which nothing could be read: to ask about all, people leave it out.
    """
    wanted = [session] if isinstance(session, str) else sorted(session)
    if not wanted:
        raise ValueError(f"session={session!r} names no connection: leave it out to ask about all")
    known = tables.sessions.select(pl.col("session").unique().sort()).collect()["session"]
    missing = sorted(set(wanted).difference(known))
    if missing and not _may_be_missing(tables, until):
        raise UnknownNameError(_unknown("session", missing[0], known.to_list(), known.to_list()))
    return session


def is_topic(name: str) -> pl.Expr:
    """Select the rows of a topic, by its name or its id."""
    return (pl.col("topic") == name) | (pl.col("topic_id") == name).fill_null(value=False)


def topic_name() -> pl.Expr:
    """Take the name of a topic, or its id where no answer has named it."""
    return pl.coalesce("topic", "topic_id").alias("topic")


def host() -> pl.Expr:
    """Take the address of a peer without its port, which changes with each connection."""
    return pl.col("peer").str.replace(r":\d+$", "")


def is_session(session: str | Collection[str], column: str = "session") -> pl.Expr:
    """Select the rows of one connection, or of several."""
    return pl.col(column).is_in([session] if isinstance(session, str) else sorted(session))


def near(name: str, candidates: Iterable[str]) -> list[str]:
    """Return the names that somebody may have meant, whatever the case of their letters."""
    written: dict[str, list[str]] = {}
    for each in candidates:
        written.setdefault(each.casefold(), []).append(each)
    found = get_close_matches(name.casefold(), written, n=_NEAR_MAX)
    return [each for close in found for each in dict.fromkeys(written[close])][:_NEAR_MAX]


def tell_session(session: str | Collection[str]) -> str:
    """Say which connection is meant, or how many."""
    if isinstance(session, str):
        return f"session {session}"
    only, *others = sorted(session)
    return f"{1 + len(others):,} sessions" if others else f"session {only}"


def _may_be_missing(tables: Tables, until: datetime | None) -> bool:
    """Say whether a name may have been recorded in what is damaged, missing or yet to come."""
    coverage = cover(tables)
    return not coverage.is_whole or coverage.is_open_before(until)


def _unknown(what: str, name: str, known: Sequence[str], candidates: Sequence[str]) -> str:
    if not known:
        return f"no {what} {name!r}: the tables know none"
    close = near(name, candidates)
    if close:
        return f"no {what} {name!r} was recorded: did you mean {_list(close)}?"
    return f"no {what} {name!r} was recorded; there are {_list(known)}"


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED_MAX} more" if len(names) > _LISTED_MAX else ""
    return ", ".join(names[:_LISTED_MAX]) + more
