"""Requests that made topics or partitions while recording ran, or may have: these begin at 0."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl

from workbench.tables.columns import TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.tables import Tables

REQUEST_TIMED_OUT: Final = 7
_MAKING: Final = ("CREATE_TOPICS", "CREATE_PARTITIONS")
_EXCHANGE: Final = ["origin", "session", "exchange"]
_NEVER_SENT: Final = ("refused", "not_forwarded")
# None: no answer was recorded. The others name no reason, or tell of an answer that was lost behind
# the broker: the controller may have done it.
_UNSURE: Final = (None, -1, REQUEST_TIMED_OUT, 13)
_LAST_PARTITION: Final = 2**31 - 1
_SCHEMA: Final[dict[str, pl.DataType]] = {
    "topic": pl.String(),
    "first_partition": pl.Int32(),
    "last_partition": pl.Int32(),
    "made_at": TIME,
    "is_sure": pl.Boolean(),
}


class _Topic(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    count: int | None = None
    error_code: int | None = None


class _Request(msgspec.Struct, frozen=True, kw_only=True):
    topics: tuple[_Topic, ...] = ()
    validate_only: bool = False


class _Response(msgspec.Struct, frozen=True, kw_only=True):
    topics: tuple[_Topic, ...] = ()
    results: tuple[_Topic, ...] = ()


def creations(tables: Tables) -> pl.LazyFrame:
    """Return which partitions of which topics were made, from when on, and whether surely.

    `made_at` is when the request began: what it made may be read before its answer comes.
    """
    is_making = pl.col("api").is_in(_MAKING)
    began = tables.exchanges.filter(is_making).select(*_EXCHANGE, "elapsed").unique(_EXCHANGE)
    asked = (
        tables.admin.filter(is_making, ~was_never_sent())
        .join(began, on=_EXCHANGE, how="left")
        .with_columns(made_at=pl.col("at") - pl.col("elapsed").fill_null(pl.duration()))
        .select("api", "targets", "error_code", "request", "response", "made_at")
        .collect()
    )
    rows = [row for request in asked.iter_rows(named=True) for row in _made(request)]
    return pl.LazyFrame(rows, schema=_SCHEMA, orient="row")


def was_never_sent() -> pl.Expr:
    """Select the requests that no broker got."""
    never = (pl.col("decision") == "deny") | pl.col("outcome").is_in(_NEVER_SENT)
    return never.fill_null(value=False)


def _made(row: dict[str, Any]) -> Iterator[tuple[object, ...]]:
    request = msgspec.json.decode(row["request"] or "{}", type=_Request)
    if request.validate_only:
        return
    response = msgspec.json.decode(row["response"] or "{}", type=_Response)
    errors = {told.name: told.error_code for told in (*response.topics, *response.results)}
    counts = dict.fromkeys(row["targets"] or ()) | {
        each.name: each.count for each in request.topics
    }
    # The row has the first error of the answer: of several topics it may be another's.
    first_error = row["error_code"] if row["error_code"] == 0 or len(counts) == 1 else None
    for topic, count in counts.items():
        error = errors.get(topic, first_error)
        if topic is None or (error != 0 and error not in _UNSURE):
            continue
        for first, last, is_new in _partitions(row["api"], count):
            yield topic, first, last, row["made_at"], is_new and error == 0


def _partitions(api: str, count: int | None) -> Iterator[tuple[int, int, bool]]:
    """List ranges of partitions, and whether they were surely none before."""
    if api == "CREATE_TOPICS":
        yield 0, _LAST_PARTITION, True
    elif count is None:
        yield 0, _LAST_PARTITION, False
    else:
        # Partitions can only be added, so the last is new; how many there were is not told.
        yield count - 1, count - 1, True
        yield 0, count - 2, False
