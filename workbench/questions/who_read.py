"""Who read this record?"""

from __future__ import annotations

from typing import TYPE_CHECKING, SupportsIndex

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.doubts import Asked, about_reads
from workbench.questions.encrypted import about_encrypted
from workbench.questions.given import number_of
from workbench.questions.names import find_topic, is_topic
from workbench.questions.phrases import count_of, moment
from workbench.questions.verdict import Answer, Verdict
from workbench.questions.wording import HIDDEN, PASSED, strongest

if TYPE_CHECKING:
    from workbench.tables import Tables

Place = tuple[int, int]
"""A partition and an offset."""

_RECORD = ["batch", "position"]


def who_read(
    tables: Tables,
    topic: str,
    *,
    partition: SupportsIndex | None = None,
    offset: SupportsIndex | None = None,
    key: str | bytes | None = None,
    containing: str | bytes | None = None,
) -> Verdict:
    """Say which clients were sent a record.

    The record is named by its partition and offset, by its key, or by a part of its value; the
    latter two may mean several. Raises ValueError when it is named in none or more of these ways.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.who_read import who_read
    >>> verdict = who_read(wb.open(sample.path()), "payments", partition=0, offset=12)
    >>> verdict.answer, verdict.proof
    (<Answer.YES: 'yes'>, <Proof.REPUBLISHED: 'L4'>)
    """
    topic = find_topic(tables, topic)
    given = {
        "partition": number_of("partition", partition),
        "offset": number_of("offset", offset),
        "key": key,
        "containing": containing,
    }
    parameters: dict[str, object] = {"topic": topic}
    parameters |= {name: value for name, value in given.items() if value is not None}
    wanted, record = _wanted(parameters)
    rows = _reads(tables, topic, wanted)
    frame = (
        rows.group_by("principal", "session", "client_id", "peer")
        .agg(
            masked=pl.col("masked").list.explode().drop_nulls().unique().sort(),
            proof_level=pl.col("proof_level").max(),
            first_at=pl.col("delivered_at").min(),
            last_at=pl.col("delivered_at").max(),
            deliveries=pl.len(),
            records=pl.struct("partition", "offset").n_unique(),
            hidden=HIDDEN.sum(),
        )
        .sort("first_at", "session")
        .collect()
    )
    coverage = cover(tables)
    doubts = about_reads(tables, coverage, _asked(topic, wanted))
    if "partition" not in parameters:
        doubts += _masked(tables, topic) + about_encrypted(tables, topic)
    if not frame.is_empty():
        answer, because = Answer.YES, _readers(frame)
    elif doubts:
        answer, because = Answer.UNKNOWN, f"No delivery of {record} is recorded, but {doubts[0]}."
    else:
        answer, because = Answer.NO, f"No delivery of {record} is recorded.{coverage.limit()}"
    return Verdict(
        question=f"Did anybody read {record}?",
        answer=answer,
        because=because,
        proof=strongest(frame),
        coverage=coverage,
        covered=(
            "Every recorded delivery, also of records that the client's library hides.",
            PASSED,
        ),
        not_covered=tuple(f"There may be more readers: {doubt}." for doubt in doubts),
        frame=frame,
        rows=rows,
        parameters=parameters,
    )


def _wanted(parameters: dict[str, object]) -> tuple[pl.Expr | Place, str]:
    """Tell by what the record is found, and what to call it."""
    topic = parameters["topic"]
    match parameters:
        case {"partition": int(partition), "offset": int(offset), **rest} if len(rest) == 1:
            place = (partition, offset)
            return place, f"the record {topic}-{partition} at offset {offset}"
        case {"key": str() | bytes() as key, **rest} if len(rest) == 1:
            name = f"the records of {topic} with the key {_text(key)}"
            return pl.col("key") == _bytes(key), name
        case {"containing": str() | bytes() as part, **rest} if len(rest) == 1:
            name = f"the records of {topic} that contain {_text(part)}"
            return pl.col("value").bin.contains(_bytes(part)), name
        case _:
            raise ValueError(
                "name the record in one way: partition= and offset=, key=, or containing="
            )


def _reads(tables: Tables, topic: str, wanted: pl.Expr | Place) -> pl.LazyFrame:
    """Return the deliveries of what is wanted."""
    reads = tables.reads.filter(is_topic(topic))
    if isinstance(wanted, tuple):
        partition, offset = wanted
        return reads.filter(pl.col("partition") == partition, pl.col("offset") == offset)
    known = tables.records.filter(is_topic(topic)).with_columns(
        is_wanted=wanted.fill_null(value=False)
    )
    at_offset = known.filter("is_wanted", pl.col("offset").is_not_null())
    places = at_offset.select("partition", "offset").unique().collect().lazy()
    # A topic that was made again gives its offsets again: what is known to have been another record
    # is none of these. What was masked is known by its offset alone.
    others = known.filter(~pl.col("is_wanted")).select(*_RECORD, is_other=pl.lit(value=True))
    is_masked = pl.col("masked").list.len().fill_null(0) > 0
    return (
        reads.join(places, on=["partition", "offset"], how="semi")
        .join(others.unique(), on=_RECORD, how="left")
        .filter(pl.col("is_other").is_null() | is_masked)
        .drop("is_other")
    )


def _asked(topic: str, wanted: pl.Expr | Place) -> Asked:
    """Tell which batches may hold what is wanted: with key or content, any of them."""
    if isinstance(wanted, pl.Expr):
        return Asked(topic=topic)
    partition, offset = wanted
    there = pl.col("partition") == partition
    return Asked(topic=topic, deliveries=[there], offset=offset)


def _masked(tables: Tables, topic: str) -> tuple[str, ...]:
    """Say that masked content cannot be searched; its offset tells where it was seen in clear."""
    masked = tables.delivered.filter(is_topic(topic), pl.col("masked").list.len() > 0)
    count = masked.select(pl.len()).collect().item()
    if not count:
        return ()
    return (f"what was masked in {count_of(count, 'delivery', 'deliveries')} cannot be searched",)


def _readers(frame: pl.DataFrame) -> str:
    first = frame.row(0, named=True)
    principals = frame["principal"].n_unique()
    who = count_of(principals, "principal") if principals > 1 else str(first["principal"])
    clients = count_of(frame.height, "connection")
    return f"{clients} of {who} received it, the first at {moment(first['first_at'])}."


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _text(part: str | bytes) -> str:
    return repr(part) if isinstance(part, str) else part.hex()
