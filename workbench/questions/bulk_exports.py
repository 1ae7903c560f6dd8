"""Was there a bulk export?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.doubts import about_reads
from workbench.questions.names import host
from workbench.questions.phrases import count_of, duration, moment
from workbench.questions.spread import about_spread
from workbench.questions.verdict import Answer, Proof, Verdict
from workbench.questions.volumes import READER, BulkThresholds, compared, windows_of
from workbench.questions.wording import PASSED

if TYPE_CHECKING:
    from workbench.tables import Tables

_SHOWN = [
    *("principal", "session", "connections", "client_id", "peer", "topics", "records", "bytes"),
    "signals",
    *("factor", "again", "peak_records", "usual_records", "usual_of", "started_at", "ended_at"),
]


def bulk_exports(tables: Tables, thresholds: BulkThresholds | None = None) -> Verdict:
    """Say which clients read far more than usual, or read again what had been read.

    A client is a principal at one address with one client id, and all its connections; the most
    suspicious of them stands in the frame. Usual is the median over the windows in which other
    clients of the same principal read; where it has none, over those of everybody else. A single
    connection is also compared with the principal's others.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.bulk_exports import bulk_exports
    >>> verdict = bulk_exports(wb.open(sample.path()))
    >>> verdict.frame["principal"].to_list(), verdict.frame["topics"].to_list()
    (['billing@gateway:clients'], [['orders', 'payments']])
    """
    thresholds = thresholds or BulkThresholds()
    delivered = tables.delivered.filter(pl.col("record_count") > 0).with_columns(host=host())
    by_client = delivered.with_columns(client=pl.col("client_id").fill_null(""))
    frame = _exports(compared(by_client, thresholds))
    # A client id is what the client says: an export may be spread over several.
    by_address = compared(delivered.with_columns(client=pl.lit("")), thresholds)
    coverage = cover(tables)
    doubts = (
        *about_reads(tables, coverage),
        *_at_one_address(by_address, frame),
        *about_spread(delivered, frame, thresholds),
        *_incomparable(by_address, delivered, thresholds),
    )
    if not frame.is_empty():
        answer, because = Answer.YES, _strongest(frame)
    elif doubts:
        answer, because = Answer.UNKNOWN, f"None was recorded, but {doubts[0]}."
    else:
        answer = Answer.NO
        because = f"No client read far more than usual, or read much again.{coverage.limit()}"
    return Verdict(
        question="Was there a bulk export?",
        answer=answer,
        because=because,
        proof=Proof.DELIVERED if answer is Answer.YES else None,
        coverage=coverage,
        covered=(
            _measure(thresholds),
            PASSED,
        ),
        not_covered=(
            *(f"There may be more: {doubt}." for doubt in doubts),
            "An export slow enough to look like ordinary reading.",
        ),
        frame=frame.select(_SHOWN),
        rows=windows_of(by_client, thresholds).sort("window", *READER),
        parameters=asdict(thresholds),
    )


def _exports(compared: pl.DataFrame) -> pl.DataFrame:
    return compared.filter(pl.col("signals").list.len() > 0)


def _at_one_address(by_address: pl.DataFrame, found: pl.DataFrame) -> tuple[str, ...]:
    """Tell who would have exported if all clients at its address were one."""
    more = set(_exports(by_address)["principal"]) - set(found["principal"])
    who = count_of(len(more), "principal")
    return (f"all clients of {who} at one address read far more than usual",) if more else ()


def _incomparable(
    compared: pl.DataFrame, delivered: pl.LazyFrame, thresholds: BulkThresholds
) -> tuple[str, ...]:
    """Tell of much reading that nothing can be compared with, or whose sum is far above others."""
    doubts = []
    alone = compared.filter(pl.col("usual_records").is_null())
    if alone.height:
        records = count_of(int(alone["records"].sum()), "record")
        doubts.append(f"there is no other reading to compare {records} with")
    totals = (
        delivered.group_by("principal")
        .agg(records=pl.col("record_count").sum())
        .sort("records", "principal", descending=[True, False])
        .collect()
    )
    usual = totals["records"][1:].median()
    if isinstance(usual, (int, float)) and totals["records"][0] >= max(
        thresholds.records_min, thresholds.factor * usual
    ):
        doubts.append(
            f"{totals['principal'][0]} was given {count_of(totals['records'][0], 'record')} in "
            f"all, {totals['records'][0] / usual:,.0f} times what others usually were"
        )
    return tuple(doubts)


def _measure(thresholds: BulkThresholds) -> str:
    return (
        f"Clients that were given at least {thresholds.records_min:,} records: the fullest "
        f"{thresholds.window} against the usual, by a factor of {thresholds.factor:g}, and at "
        f"least {thresholds.again_min:,} offsets given again."
    )


def _strongest(frame: pl.DataFrame) -> str:
    first = frame.row(0, named=True)
    more = "" if frame.height == 1 else f", the strongest of {frame.height:,} clients"
    is_more = "volume" in first["signals"]
    times = f" ({first['factor']:,.0f} times the usual volume)" if is_more else ""
    again = f", {first['again']:,} of them again" if first["again"] else ""
    took = duration(first["ended_at"] - first["started_at"])
    return (
        f"{first['principal']} from {first['peer']} was given "
        f"{count_of(first['records'], 'record')} of {', '.join(first['topics'])} "
        f"in {took} from {moment(first['started_at'])}{times}{again}{more}."
    )
