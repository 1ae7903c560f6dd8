"""Who read this record?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.doubts import about_reads
from workbench.questions.names import find_topic, is_topic
from workbench.questions.phrases import count_of, moment
from workbench.questions.verdict import Answer, Verdict
from workbench.questions.wording import HIDDEN, PASSED, strongest

if TYPE_CHECKING:
    from workbench.tables import Tables


def who_read(
    tables: Tables,
    topic: str,
    *,
    partition: int | None = None,
    offset: int | None = None,
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
        "partition": partition,
        "offset": offset,
        "key": key,
        "containing": containing,
    }
    parameters: dict[str, object] = {"topic": topic}
    parameters |= {name: value for name, value in given.items() if value is not None}
    places, record = _places(tables, parameters)
    places = places.collect().lazy()
    rows = tables.reads.filter(is_topic(topic)).join(places, on=["partition", "offset"], how="semi")
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
    doubts = about_reads(tables, coverage, topic)
    if "partition" not in parameters:
        doubts += _masked(tables, topic)
    if not frame.is_empty():
        answer, because = Answer.YES, _readers(frame)
    elif doubts:
        answer, because = Answer.UNKNOWN, f"No delivery of {record} is recorded, but {doubts[0]}."
    else:
        answer, because = Answer.NO, f"No delivery of {record} is recorded."
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


def _places(tables: Tables, parameters: dict[str, object]) -> tuple[pl.LazyFrame, str]:
    """Find where the record lies, and what to call it."""
    topic = str(parameters["topic"])
    match parameters:
        case {"partition": int(partition), "offset": int(offset), **rest} if len(rest) == 1:
            schema = {"partition": pl.Int32, "offset": pl.Int64}
            place = pl.LazyFrame({"partition": [partition], "offset": [offset]}, schema=schema)
            return place, f"the record {topic}-{partition} at offset {offset}"
        case {"key": str() | bytes() as key, **rest} if len(rest) == 1:
            wanted = pl.col("key") == _bytes(key)
            name = f"the records of {topic} with the key {_text(key)}"
        case {"containing": str() | bytes() as part, **rest} if len(rest) == 1:
            wanted = pl.col("value").bin.contains(_bytes(part))
            name = f"the records of {topic} that contain {_text(part)}"
        case _:
            raise ValueError(
                "name the record in one way: partition= and offset=, key=, or containing="
            )
    places = tables.records.filter(is_topic(topic), wanted, pl.col("offset").is_not_null())
    return places.select("partition", "offset").unique(), name


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
