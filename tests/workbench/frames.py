"""Tables said in a few words: a small record of who wrote and who was given what."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from workbench.tables import schemas

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from workbench.tables.schema import Table

START = datetime(2026, 3, 17, 9, 0, tzinfo=UTC)
ORIGIN = "gw"
ISSUER = "idp"


def at(seconds: float) -> datetime:
    """Give a moment of the record."""
    return START + timedelta(seconds=seconds)


def principal(subject: str) -> str:
    """Write a principal as tables do."""
    return f"{subject}@{ISSUER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The nine tables."""

    sessions: pl.LazyFrame
    exchanges: pl.LazyFrame
    produced: pl.LazyFrame
    delivered: pl.LazyFrame
    records: pl.LazyFrame
    reads: pl.LazyFrame
    commits: pl.LazyFrame
    admin: pl.LazyFrame
    gaps: pl.LazyFrame


@dataclass(slots=True)
class Frames:
    """A record in the making; every method adds what one thing that happened leaves in tables."""

    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sequence: int = 0
    sessions_seen: dict[str, dict[str, Any]] = field(default_factory=dict)

    def connect(self, session: str, subject: str | None, second: float = 0, **more: Any) -> None:  # noqa: ANN401 - any column
        """Let somebody connect."""
        who = {
            "origin": ORIGIN,
            "session": session,
            "subject": subject,
            "issuer": ISSUER if subject else None,
            "principal": principal(subject) if subject else None,
            "client_id": f"{session}-client",
            "peer": "10.0.0.1:4000",
        }
        who |= {name: more[name] for name in ("peer", "client_id") if name in more}
        self.sessions_seen[session] = who
        times = {"opened_at": at(second), "last_seen_at": at(second + 600)}
        self._add("sessions", who | times | {"rejections": 0} | more)

    def write(
        self,
        session: str,
        topic: str,
        first: int | None,
        values: Sequence[object],
        second: float = 0,
    ) -> None:
        """Let a client write values to partition 0; without `first` it was told no offset."""
        count = len(values)
        batch = self._batch(topic, "produced", first, values, second)
        self._add(
            "produced",
            self._place(session, topic, second)
            | {
                "answered_at": None if first is None else at(second + 0.01),
                "first_offset": first,
                "last_offset": None if first is None else first + count - 1,
                "record_count": count,
                "error_code": None if first is None else 0,
                "outcome": "none" if first is None else "acknowledged",
                "acks": 0 if first is None else -1,
                "batches": [batch],
            },
        )

    def give(  # noqa: PLR0913 - a delivery has this many sides
        self,
        session: str,
        topic: str,
        first: int,
        values: Sequence[object],
        second: float = 0,
        *,
        requested: int | None = None,
        masked: dict[str, int] | None = None,
        proof: str = "L2",
        **more: Any,  # noqa: ANN401 - any column of `delivered`
    ) -> None:
        """Let a client be given values of partition 0."""
        batch = self._batch(topic, "delivered", first, values, second)
        place = self._place(session, topic, second)
        last = first + len(values) - 1
        counts = masked or {}
        self._add(
            "delivered",
            place
            | {
                "via": "FETCH",
                "requested_offset": first if requested is None else requested,
                "first_offset": first,
                "last_offset": last,
                "record_count": len(values),
                "byte_count": 100 * len(values),
                "error_code": 0,
                "high_watermark": last + 1,
                "log_start_offset": 0,
                "decision": "mask" if masked else "allow",
                "masked": [
                    {"field": name, "method": "partial", "count": count}
                    for name, count in counts.items()
                ],
                "batches": [batch],
            }
            | more,
        )
        for position in range(len(values)):
            self._add(
                "reads",
                place
                | {
                    "delivered_at": at(second),
                    "offset": first + position,
                    "timestamp": at(second),
                    "proof_level": proof,
                    "is_below_requested": requested is not None and first + position < requested,
                    "is_aborted": False,
                    "masked": list(counts),
                    "batch": batch,
                    "position": position,
                },
            )

    def lose(self, kind: str, **columns: Any) -> None:  # noqa: ANN401 - any column of `gaps`
        """Lose something."""
        row = {"origin": ORIGIN, "kind": kind, "message": kind, "is_information": False}
        self._add("gaps", row | columns)

    def add(self, table: str, session: str, second: float = 0, **columns: Any) -> None:  # noqa: ANN401 - any column
        """Add any other row of a session."""
        self._add(table, self._place(session, None, second) | columns)

    @property
    def tables(self) -> Given:
        """Return the tables as they are now."""
        return Given(
            **{table.name: _lazy(table, self.lines.get(table.name, [])) for table in schemas.TABLES}
        )

    def _place(self, session: str, topic: str | None, second: float) -> dict[str, Any]:
        self.sequence += 1
        return self.sessions_seen[session] | {
            "sequence": self.sequence,
            "exchange": self.sequence,
            "at": at(second),
            "topic": topic,
            "partition": 0,
            "decision": "allow",
            "rule_ids": [],
        }

    def _batch(
        self,
        topic: str,
        direction: str,
        first: int | None,
        values: Sequence[object],
        second: float,
    ) -> bytes:
        contents = [_bytes(value) for value in values]
        told = f"{topic} {direction} {first}".encode() + b"".join(each or b"-" for each in contents)
        batch = hashlib.sha256(told).digest()
        known = {(row["batch"], row["topic"]) for row in self.lines.get("records", [])}
        for position, value in enumerate(contents if (batch, topic) not in known else ()):
            self._add(
                "records",
                {
                    "direction": direction,
                    "topic": topic,
                    "partition": 0,
                    "offset": None if first is None else first + position,
                    "key": f"k-{value.decode(errors='replace') if value else None}".encode(),
                    "value": value,
                    "content": hashlib.sha256(value or b"null").digest(),
                    "batch": batch,
                    "position": position,
                    "at": at(second),
                },
            )
        return batch

    def _add(self, table: str, row: dict[str, Any]) -> None:
        self.lines.setdefault(table, []).append(row)


def _lazy(table: Table, rows: Iterable[dict[str, Any]]) -> pl.LazyFrame:
    columns = table.schema
    full = [{name: row.get(name) for name in columns} for row in rows]
    return pl.DataFrame(full, schema=columns, orient="row").lazy()


def _bytes(value: object) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    return json.dumps(value).encode()
