"""Going through the events of a block once: their details, the commits and requests in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import pyarrow as pa

from gateway.evidence.event import EventKind
from gateway.wire.api_keys import ApiKey
from workbench.archive import requests
from workbench.archive.apis import ADMINISTRATIVE, CHANGES, COMMITS, api_name
from workbench.archive.detail import (
    ANSWERED,
    UNKNOWN,
    WITH_REQUEST,
    ExchangeDetail,
    Told,
    read_exchange,
    read_told,
    told_by_exchange,
)
from workbench.archive.files import ADMIN_ROWS, COMMIT_ROWS
from workbench.archive.problems import GapKind, GapRows, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNREADABLE: Final = (msgspec.MsgspecError, RecursionError)
_KINDS: Final = frozenset(EventKind)
_BY_TOPIC_ID: Final = frozenset({EventKind.PRODUCE, EventKind.PRODUCED, EventKind.DELIVERED})


class Derived:
    """Rows that are made from events: some columns are new, the others are those of the event."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._rows: list[int] = []
        self._values: list[Mapping[str, object]] = []

    def add(self, row: int, values: Mapping[str, object]) -> None:
        """Add a row; each row of a table gives the same columns."""
        self._rows.append(row)
        self._values.append(values)

    def beside(self, events: pa.RecordBatch) -> pa.RecordBatch:
        """Make the rows, given the columns of the block's events."""
        if not self._rows:
            return pa.RecordBatch.from_pylist([], schema=self._schema)
        new = self._values[0].keys()
        taken = pa.array(self._rows, pa.int32())
        arrays = [
            pa.array([values[field.name] for values in self._values], field.type)
            if field.name in new
            else events.column(field.name).take(taken)
            for field in self._schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)


class Reading:
    """What the details of a block's events say; problems go to the gaps."""

    def __init__(self, rows: pa.RecordBatch, gap_rows: GapRows) -> None:
        self.commits = Derived(COMMIT_ROWS)
        self.admin = Derived(ADMIN_ROWS)
        self._gaps = gap_rows
        self.api_keys: list[int | None] = rows.column("api_key").to_pylist()
        self._error_codes = rows.column("error_code").to_pylist()
        self._byte_counts = rows.column("byte_count").to_pylist()
        kinds = rows.column("kind").to_pylist()
        details = rows.column("detail").to_pylist()
        topics = rows.column("topic").to_pylist()
        self.told: list[Told] = []
        for row, topic_id in enumerate(rows.column("topic_id").to_pylist()):
            if topic_id is not None and topics[row] is None and kinds[row] in _BY_TOPIC_ID:
                self._unresolved(row, topic_id)
            self.told.append(self._read(row, kinds[row], details[row]))

    def _read(self, row: int, kind: str, detail: str | None) -> Told:
        try:
            if kind in WITH_REQUEST:
                return self._read_exchange(row, kind, read_exchange(detail))
            told = read_told(kind, detail)
            self._look_at(row, kind, detail)
        except _UNREADABLE as error:
            message = f"the detail of an event of kind {kind} cannot be read: {error}"
            self._gaps.add(row, Problem(kind=GapKind.UNREADABLE_DETAIL, message=message))
            return Told()
        return told

    def _look_at(self, row: int, kind: str, detail: str | None) -> None:
        if kind == EventKind.TORN:
            message = (
                f"{self._byte_counts[row]} bytes of a journal form no whole event; "
                f"they are kept in the segment as they were found ({detail})"
            )
            self._gaps.add(row, Problem(kind=GapKind.TORN, message=message))
        elif kind == EventKind.OUTCOME_UNKNOWN:
            self._gaps.add(row, _outcome_unknown(self.api_keys[row], detail))
        elif kind not in _KINDS:
            message = f"this version does not know events of kind {kind}: use a newer one"
            self._gaps.add(row, Problem(kind=GapKind.UNKNOWN_KIND, message=message))

    def _read_exchange(self, row: int, kind: str, exchange: ExchangeDetail) -> Told:
        api_key = self.api_keys[row]
        if api_key in COMMITS:
            self._add_commits(row, exchange)
        if api_key in ADMINISTRATIVE:
            self._add_admin(row, exchange)
        is_change = api_key == ApiKey.PRODUCE or api_key in CHANGES
        if kind == EventKind.EXCHANGE and is_change and exchange.outcome == UNKNOWN:
            self._gaps.add(row, _unanswered(api_key))
        return told_by_exchange(api_key, exchange)

    def _add_commits(self, row: int, exchange: ExchangeDetail) -> None:
        read = requests.read_commits(exchange, self._error_codes[row])
        for commit in read.commits:
            values = msgspec.structs.asdict(commit)
            self.commits.add(row, {**values, "outcome": exchange.outcome})
            if commit.topic is None and commit.topic_id is not None:
                self._unresolved(row, commit.topic_id)
        if read.left_out:
            message = f"{read.left_out} topics or partitions of a commit were not recorded"
            self._gaps.add(
                row, Problem(kind=GapKind.LEFT_OUT, message=message, is_information=True)
            )

    def _add_admin(self, row: int, exchange: ExchangeDetail) -> None:
        is_answered = exchange.outcome == ANSWERED
        self.admin.add(
            row,
            {
                "is_change": self.api_keys[row] in CHANGES,
                "targets": requests.read_targets(exchange),
                "outcome": exchange.outcome,
                "request": bytes(exchange.request).decode(),
                "response": bytes(exchange.response).decode() if is_answered else None,
            },
        )

    def _unresolved(self, row: int, topic_id: str) -> None:
        problem = Problem(
            kind=GapKind.UNRESOLVED_TOPIC,
            message=f"nothing that was recorded names the topic with the id {topic_id}",
            subject=topic_id,
            place=(None, topic_id, None),
            is_information=True,
        )
        self._gaps.add(row, problem)


class _Intent(msgspec.Struct, frozen=True, kw_only=True):
    sequence: int


class _Recovered(msgspec.Struct, frozen=True, kw_only=True):
    intent: _Intent


def _outcome_unknown(api_key: int | None, detail: str | None) -> Problem:
    recovered = msgspec.json.decode(detail or "", type=_Recovered)
    return Problem(
        kind=GapKind.OUTCOME_UNKNOWN,
        message=f"recording ended before the answer of a request to {api_name(api_key)} came: "
        "nobody can tell from this archive whether the broker carried it out",
        first_sequence=recovered.intent.sequence,
    )


def _unanswered(api_key: int | None) -> Problem:
    return Problem(
        kind=GapKind.OUTCOME_UNKNOWN,
        message=f"the connection ended before the answer of a request to {api_name(api_key)} came: "
        "nobody can tell from this archive whether the broker carried it out",
        # Clients go away with group requests under way; what counts in a log is what they produce.
        is_information=api_key != ApiKey.PRODUCE,
    )
