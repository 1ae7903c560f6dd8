"""Did this principal read this field, in clear or masked, and in how many records?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.coverage import cover
from workbench.questions.doubts import Asked, about_reads
from workbench.questions.encrypted import about_encrypted
from workbench.questions.fields import (
    ABSENT,
    PRESENT,
    PRESENT_IN_PART,
    UNDECODABLE,
    covers,
    find_field,
    parse_path,
)
from workbench.questions.names import (
    find_principal,
    find_session,
    find_topic,
    is_session,
    is_topic,
)
from workbench.questions.phrases import count_of
from workbench.questions.unseen_fields import about_unseen
from workbench.questions.verdict import Answer, Verdict
from workbench.questions.wording import HIDDEN, PASSED, strongest

if TYPE_CHECKING:
    from collections.abc import Collection

    from workbench.questions.json_values import FieldPath
    from workbench.tables import Tables

# The bytes of a batch say what a record holds, whether a delivery named its topic by name or id.
_NOTHING = "No delivery is recorded."
_RECORD = ["batch", "position"]
_PLACES_TOLD = 3


def did_principal_read_field(
    tables: Tables,
    principal: str,
    topic: str,
    field: str,
    *,
    session: str | Collection[str] | None = None,
) -> Verdict:
    """Say whether a field of JSON values reached a principal, and whether in clear.

    The field is named by its path in the value: `card_number`, `customer.email`, `items[0].sku`;
    `items.sku` means that of any item. A field of the same last name elsewhere in the value makes
    a no unknown, also where the one at the path was masked.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.field_reads import did_principal_read_field
    >>> tables = wb.open(sample.path())
    >>> verdict = did_principal_read_field(tables, "analytics", "payments", "card_number")
    >>> verdict.frame["state"].unique().to_list()
    ['masked']
    """
    principal, topic = find_principal(tables, principal), find_topic(tables, topic)
    path = parse_path(field)
    chosen = [pl.col("principal") == principal, is_topic(topic)]
    if session is not None:
        chosen.append(is_session(find_session(tables, session)))
    rows = _with_state(tables, tables.reads.filter(*chosen), path)
    frame = _summary(rows)
    coverage = cover(tables)
    doubts = about_reads(tables, coverage, Asked(topic=topic, deliveries=chosen))
    if "undecodable" in frame["state"]:
        doubts = (*about_encrypted(tables, topic), *doubts)
    answer, because = _answer(frame, doubts)
    if answer is Answer.NO:
        because += about_unseen(tables, topic, path) + coverage.limit()
    return Verdict(
        question=f"Did {principal} read {field} of {topic} in clear?",
        answer=answer,
        because=because,
        proof=strongest(frame.filter(pl.col("state") == "clear")),
        coverage=coverage,
        covered=(
            "Every record delivered, with what was masked in each delivery.",
            PASSED,
        ),
        not_covered=(
            *(f"It may have been more: {doubt}." for doubt in doubts),
            "The same content under another name, encoded, or in a text that is no JSON.",
            "What was in keys, in headers, or in another topic.",
        ),
        frame=frame,
        rows=rows.drop("texts"),
        parameters={"principal": principal, "topic": topic, "field": field}
        | ({} if session is None else {"session": session}),
    )


def _with_state(tables: Tables, reads: pl.LazyFrame, path: FieldPath) -> pl.LazyFrame:
    """Add to each read the field's text in that delivery, and what state it was in."""
    delivered = (
        tables.records.filter(pl.col("direction") == "delivered")
        .unique(_RECORD)
        .select(*_RECORD, found=find_field(pl.col("value"), path))
    )
    masking = _masking(tables, path)
    place = ["origin", "sequence"]
    found = pl.col("found").struct
    # A null counts as well: else a mask that made it would vouch for a value that stayed clear.
    ends = found["ends"]
    maskable = (found["texts"].list.len() + ends).sum().over(place)
    status = found["status"]
    state = (
        pl.when(pl.col("masked_count").is_null() & status.is_in((PRESENT, PRESENT_IN_PART)))
        .then(pl.lit("clear"))
        .when(found["place"].is_not_null())
        .then(pl.lit("elsewhere"))
        .when(status.is_null() | status.is_in((UNDECODABLE, PRESENT_IN_PART)))
        .then(pl.lit("undecodable"))
        .when((status == ABSENT) & (pl.col("masked_count").is_null() | (ends == 0)))
        .then(pl.lit("absent"))
        .when(pl.col("masked_count") >= maskable)
        .then(pl.lit("masked"))
        .otherwise(pl.lit("maybe masked"))
    )
    return (
        reads.join(delivered, on=_RECORD, how="left")
        .join(masking, on=place, how="left")
        .with_columns(
            state=state,
            texts=found["texts"],
            seen_at=found["place"],
        )
        .drop("found", "masked_count")
    )


def _masking(tables: Tables, path: FieldPath) -> pl.LazyFrame:
    """Return how often the field was masked, at least, in each delivery that masked it.

    Of two masks that cover it, both may have met the same values.
    """
    masked = tables.delivered.select("origin", "sequence", "masked").explode("masked").drop_nulls()
    unnested = masked.unnest("masked")
    named = unnested.select(pl.col("field").unique()).collect()["field"]
    covering = {name: covers(name, path) for name in named}
    certain = [name for name, does in covering.items() if does]
    possible = [name for name, does in covering.items() if does is not False]
    # What a mask may have met elsewhere vouches for no value.
    count = pl.when(pl.col("field").is_in(certain)).then(pl.col("count")).otherwise(0)
    return (
        unnested.filter(pl.col("field").is_in(possible))
        .group_by("origin", "sequence")
        .agg(masked_count=count.max())
    )


def _summary(rows: pl.LazyFrame) -> pl.DataFrame:
    return (
        rows.group_by("state", "session", "peer")
        .agg(
            records=pl.struct("partition", "offset").n_unique(),
            deliveries=pl.len(),
            distinct_values=pl.col("texts").explode().drop_nulls().n_unique(),
            hidden=HIDDEN.sum(),
            first_at=pl.col("delivered_at").min(),
            last_at=pl.col("delivered_at").max(),
            proof_level=pl.col("proof_level").max(),
            seen_at=pl.col("seen_at").drop_nulls().unique().sort(),
        )
        .sort("state", "first_at", "session")
        .collect()
    )


def _answer(frame: pl.DataFrame, doubts: tuple[str, ...]) -> tuple[Answer, str]:
    deliveries = {
        state: int(frame.filter(pl.col("state") == state)["deliveries"].sum())
        for state in ("clear", "masked", "maybe masked", "elsewhere", "absent", "undecodable")
    }
    told = [f"{count_of(count, 'time')} {state}" for state, count in deliveries.items() if count]
    summary = f"Delivered {', '.join(told)}{_different(frame)}." if told else _NOTHING
    if deliveries["clear"]:
        return Answer.YES, summary
    if deliveries["elsewhere"]:
        return Answer.UNKNOWN, f"{summary} {_seen(frame)}"
    is_open = bool(deliveries["maybe masked"] or deliveries["undecodable"])
    if doubts:
        return Answer.UNKNOWN, f"{summary} But {doubts[0]}."
    return Answer.UNKNOWN if is_open else Answer.NO, summary


def _seen(frame: pl.DataFrame) -> str:
    """Tell where else a field of that name was."""
    elsewhere = frame.filter(pl.col("state") == "elsewhere")
    places = sorted(set(elsewhere["seen_at"].explode()))
    more = len(places) - _PLACES_TOLD
    told = ", ".join(places[:_PLACES_TOLD]) + (f" and {count_of(more, 'more place')}" * (more > 0))
    return f"That name was seen at {told}: ask for that path, or look at a text or value by hand."


def _different(frame: pl.DataFrame) -> str:
    """Tell how many different values were seen in clear; on several connections, at least."""
    clear = frame.filter(pl.col("state") == "clear")["distinct_values"].to_list()
    if not clear:
        return ""
    least = "at least " if len(clear) > 1 else ""
    return f"; {least}{count_of(max(clear), 'different value')} in clear"
