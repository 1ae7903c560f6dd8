"""What an archive says, in the words of the tests, to be held against what clients said."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import polars as pl

import workbench as wb
from gateway.evidence.archive import scan
from gateway.evidence.reader import Block
from gateway.wire.api_keys import ApiKey
from tests.kafka.raw import RawClient, address_of, request
from tests.kafka.records import Record

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from tests.kafka.gateway import Gateway

SEALED_SECONDS = 30

Row = dict[str, Any]
"""A row of a table, by column."""


@dataclass(frozen=True, slots=True)
class Read:
    """One record as it was delivered once."""

    record: Record
    is_visible: bool
    """Whether a client shows it to its application."""
    is_below_requested: bool
    is_aborted: bool
    session: str


class Evidence:
    """An archive, opened."""

    def __init__(
        self, path: Path, *, keys: Path | None = None, identity: Path | None = None
    ) -> None:
        self.tables = wb.open(path, is_temporary=True, keys=keys, identity=identity)

    def faults(self) -> list[str]:
        """List what is damaged, missing or undecodable."""
        rows = self.tables.gaps.filter(~pl.col("is_information")).collect()
        return [f"{row['kind']}: {row['message']}" for row in rows.to_dicts()]

    def kinds(self) -> Counter[str]:
        """Count the events of each kind."""
        blocks = [each for each in scan(self.tables.path) if isinstance(each, Block)]
        return Counter(kind for block in blocks for kind in block.rows.column("kind").to_pylist())

    def produced(self, topic: str) -> list[Record]:
        """List every record that clients sent to a topic."""
        rows = self.tables.records.filter(
            (pl.col("topic") == topic) & (pl.col("direction") == "produced")
        )
        return [_record(row) for row in rows.collect().to_dicts()]

    def outcomes(self, topic: str) -> Counter[str]:
        """Count the outcomes of what was produced to a topic, by topic-partition of a request."""
        rows = self.tables.produced.filter(pl.col("topic") == topic).collect()
        return Counter(rows["outcome"].to_list())

    def reads(self, topic: str) -> list[Read]:
        """List every record of a topic that reached a client, as often as it did."""
        delivered = self.tables.records.filter(pl.col("direction") == "delivered")
        content = delivered.filter(pl.col("topic") == topic).unique(
            ("topic", "partition", "batch", "position"), keep="any"
        )
        rows = (
            self.tables.reads.filter(pl.col("topic") == topic)
            .join(content, on=("topic", "partition", "batch", "position"), how="left")
            .sort("sequence", "partition", "offset")
        )
        return [_read(row) for row in rows.collect().to_dicts()]


def wait_until_sealed(gateway: Gateway) -> Evidence:
    """Open the archive of a running gateway once all that has happened so far is in it."""
    mark = f"mark-{time.monotonic_ns()}"
    with RawClient(address_of(gateway.bootstrap)) as client:
        client.socket.sendall(request(ApiKey.API_VERSIONS, 0, client_id=mark))
        assert client.receive() != b""
    deadline = time.monotonic() + SEALED_SECONDS
    while True:
        evidence = Evidence(gateway.archive)
        seen = evidence.tables.exchanges.filter(pl.col("client_id") == mark).collect()
        if seen.height:
            return evidence
        assert time.monotonic() < deadline, "what was recorded did not reach the archive"
        time.sleep(0.2)


def disagreements(said: Iterable[Record], recorded: Iterable[Record]) -> list[str]:
    """Compare what a client said with what was recorded; what it does not say is left out."""
    said, recorded = list(said), list(recorded)
    unsaid = [
        name
        for name in ("offset", "timestamp_ms")
        if any(getattr(each, name) is None for each in said)
    ]
    claimed, found = (
        Counter(_without(each, unsaid) for each in records) for records in (said, recorded)
    )
    return [f"said, not recorded: {each}" for each in (claimed - found).elements()] + [
        f"recorded, not said: {each}" for each in (found - claimed).elements()
    ]


def _without(record: Record, names: Collection[str]) -> Record:
    return replace(
        record,
        offset=None if "offset" in names else record.offset,
        timestamp_ms=None if "timestamp_ms" in names else record.timestamp_ms,
    )


def _read(row: Row) -> Read:
    is_below, is_aborted = bool(row["is_below_requested"]), bool(row["is_aborted"])
    return Read(
        record=_record(row),
        is_visible=not (is_below or is_aborted),
        is_below_requested=is_below,
        is_aborted=is_aborted,
        session=str(row["session"]),
    )


def _record(row: Row) -> Record:
    return Record(
        partition=row["partition"],
        offset=row["offset"],
        key=row["key"],
        value=row["value"],
        headers=tuple((each["name"], each["value"]) for each in row["headers"] or ()),
        timestamp_ms=round(row["timestamp"].timestamp() * 1000),
    )
