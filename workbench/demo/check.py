"""The tables of the archive against the ground truth: record for record, both ways."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

from workbench.demo.truth import Request, Sighting, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workbench.demo.truth import GroundTruth
    from workbench.tables import Tables

MISMATCHES_SHOWN = 3
TOPIC_REQUESTS = ("CREATE_TOPICS", "DELETE_TOPICS")

Fact: TypeAlias = "Sighting | Request | str"


def mismatches(tables: Tables, truth: GroundTruth) -> list[str]:
    """Say where the tables differ from what the clients noted; empty when they agree on all."""
    return [
        *_compare("sent", _sent(tables), truth.sent),
        *_compare("received", _received(tables), truth.received),
        *_compare("asked for", _requests(tables), truth.requests),
        *_compare("tried as a login", _failed_logins(tables), truth.failed_logins),
        *(f"in gaps: {message}" for message in tables.gaps.collect()["message"]),
    ]


def _compare(verb: str, recorded: Iterable[Fact], noted: Iterable[Fact]) -> list[str]:
    recorded, noted = Counter(recorded), Counter(noted)
    return [
        *_differences(f"{verb}, but not in the tables", noted - recorded),
        *_differences(f"not {verb}, but in the tables", recorded - noted),
    ]


def _differences(what: str, facts: Counter[Fact]) -> list[str]:
    shown = [f"{what}: {fact} ({times}x)" for fact, times in facts.most_common(MISMATCHES_SHOWN)]
    rest = len(facts) - len(shown)
    return [*shown, f"{what}: {rest} more"] if rest else shown


def _sent(tables: Tables) -> list[Sighting]:
    """Every record of every acknowledged Produce request, with its producer."""
    rows = (
        tables.produced.filter(pl.col("outcome") == "acknowledged")
        .select(
            "subject",
            "client_id",
            "topic",
            "partition",
            offset=pl.int_ranges("first_offset", pl.col("last_offset") + 1),
        )
        .explode("offset")
        .join(
            tables.records.filter(pl.col("direction") == "produced"),
            on=["topic", "partition", "offset"],
            how="left",
        )
    )
    return _sightings(rows)


def _received(tables: Tables) -> list[Sighting]:
    """Every record that a client's library showed, with its reader."""
    rows = tables.reads.filter(~pl.col("is_below_requested"), ~pl.col("is_aborted")).join(
        tables.records.filter(pl.col("direction") == "delivered"),
        on=["topic", "partition", "offset", "batch", "position"],
        how="left",
    )
    return _sightings(rows)


def _sightings(rows: pl.LazyFrame) -> list[Sighting]:
    columns = ("subject", "client_id", "topic", "partition", "offset", "key", "value")
    return [
        Sighting(
            subject=subject,
            client_id=client_id,
            topic=topic,
            partition=partition,
            offset=offset,
            key=key.decode() if key is not None else None,
            value_sha256=fingerprint(value),
        )
        for subject, client_id, topic, partition, offset, key, value in rows.select(columns)
        .collect()
        .iter_rows()
    ]


def _requests(tables: Tables) -> list[Request]:
    rows = tables.admin.filter(pl.col("api").is_in(TOPIC_REQUESTS)).select(
        "subject", "client_id", "api", "targets", "decision"
    )
    return [
        Request(
            subject=subject,
            client_id=client_id,
            api=api,
            topics=tuple(sorted(targets)),
            is_refused=decision == "deny",
        )
        for subject, client_id, api, targets, decision in rows.collect().iter_rows()
    ]


def _failed_logins(tables: Tables) -> list[str]:
    return (
        tables.sessions.select("claimed")
        .explode("claimed")
        .drop_nulls()
        .collect()["claimed"]
        .to_list()
    )
