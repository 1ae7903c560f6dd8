"""Which topics a record shows to have been there: those of requests that did not fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workbench.tables import Tables

_ABOUT_TOPICS: Final = ("CREATE_TOPICS", "DELETE_TOPICS", "CREATE_PARTITIONS", "DELETE_RECORDS")
_NEVER_SENT: Final = ("refused", "not_forwarded")
# None; then the outcome is unknown (timed out), records were written all the same (too few replicas
# afterwards), or the topic was there before (it exists already).
_NO_FAILURES: Final = (0, 7, 20, 36)


def is_no_failure() -> pl.Expr:
    """Select the rows of requests that may have worked, so that what they named may be there."""
    return pl.col("error_code").fill_null(0).is_in(_NO_FAILURES)


def administered(tables: Tables) -> set[str]:
    """Return the topics that requests about topics named, whether anything was in them or not."""
    requests = tables.admin.filter(
        pl.col("api").is_in(_ABOUT_TOPICS),
        (pl.col("decision") != "deny").fill_null(value=True),
        ~pl.col("outcome").is_in(_NEVER_SENT).fill_null(value=False),
    )
    worked = requests.filter(is_no_failure()).select(pl.col("targets").explode().unique())
    # The row tells the first error of the answer alone; the others of its topics may have worked.
    failed = requests.filter(~is_no_failure()).select("targets", "response").collect()
    some = (
        name
        for targets, response in failed.iter_rows()
        for name in set(targets or ()) & set(_worked(response))
    )
    return {*worked.collect().drop_nulls()["targets"], *some}


def _worked(response: str | None) -> Iterator[str]:
    """Yield what an answer tells no failure of."""
    try:
        answer = json.loads(response or "null")
    except ValueError:
        return
    lists = answer.values() if isinstance(answer, dict) else ()
    for each in (each for told in lists if isinstance(told, list) for each in told):
        if isinstance(each, dict) and isinstance(each.get("name"), str) and _has_worked(each):
            yield each["name"]


def _has_worked(told: dict[str, object]) -> bool:
    """Tell by the error of a topic, or by those of its partitions."""
    partitions = told.get("partitions")
    parts = [told, *(partitions if isinstance(partitions, list) else ())]
    errors = [
        each["error_code"] for each in parts if isinstance(each, dict) and "error_code" in each
    ]
    return any(error in _NO_FAILURES for error in errors)
