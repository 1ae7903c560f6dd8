"""The files that a converted segment consists of: their Arrow schemas, and how they are written.

`events` has a row per event without payload, `batches` one per batch whose bytes stand in the
segment, `records` one per record in them, `commits` one per committed offset, `admin` one per
administrative request, `gaps` one per thing that could not be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from gateway.evidence.event import EVENT_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROW_GROUP_ROWS: Final = 65_536
ROW_GROUP_BYTES: Final = 32 * 1024 * 1024

TIME: Final = pa.timestamp("us", tz="UTC")
ABORTED: Final = pa.struct([("producer_id", pa.int64()), ("first_offset", pa.int64())])
HEADERS: Final = pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))

BATCH: Final = pa.struct(
    [
        ("sha256", pa.binary(32)),
        # What became of its bytes: see workbench.archive.batches.
        ("state", pa.string()),
        # Its place among the batches that stand in this segment; null when it does not.
        ("number", pa.int32()),
        ("first_offset", pa.int64()),
        ("last_offset", pa.int64()),
        ("record_count", pa.int64()),
        ("byte_count", pa.int64()),
        # The records of this event in batches before it.
        ("records_before", pa.int64()),
        ("is_aborted", pa.bool_()),
    ]
)

# The columns that an event's detail is read into.
TOLD: Final = (
    pa.field("outcome", pa.string()),
    pa.field("elapsed_ns", pa.int64()),
    pa.field("mechanism", pa.string()),
    pa.field("software_name", pa.string()),
    pa.field("software_version", pa.string()),
    pa.field("claimed", pa.string()),
    pa.field("close_reason", pa.string()),
    pa.field("exchange_count", pa.int64()),
    pa.field("bytes_from_client", pa.int64()),
    pa.field("bytes_to_client", pa.int64()),
    pa.field("acks", pa.int16()),
    pa.field("transactional_id", pa.string()),
    pa.field("group_id", pa.string()),
    pa.field("isolation_level", pa.int8()),
    pa.field("high_watermark", pa.int64()),
    pa.field("log_start_offset", pa.int64()),
    pa.field("aborted", pa.list_(ABORTED)),
)

_AS_RECORDED: Final = (
    "sequence",
    "kind",
    "session",
    "listener",
    "peer",
    "node_id",
    "issuer",
    "subject",
    "groups",
    "client_id",
    "exchange",
    "api_key",
    "api_version",
    "topic",
    "topic_id",
    "partition",
    "requested_offset",
    "first_offset",
    "last_offset",
    "record_count",
    "byte_count",
    "error_code",
    "decision",
    "rule_ids",
    "masked",
    "detail",
)

EVENT_ROWS: Final = pa.schema(
    [
        ("origin", pa.string()),
        ("store", pa.int64()),
        ("at", TIME),
        ("principal", pa.string()),
        ("api", pa.string()),
        *(pa.field(name, EVENT_SCHEMA.field(name).type) for name in _AS_RECORDED),
        *TOLD,
        ("batches", pa.list_(BATCH)),
    ]
)

_PLACE: Final = tuple(
    EVENT_ROWS.field(name)
    for name in (
        "origin",
        "sequence",
        "session",
        "exchange",
        "at",
        "principal",
        "issuer",
        "subject",
        "client_id",
        "peer",
    )
)

COMMIT_ROWS: Final = pa.schema(
    [
        *_PLACE,
        ("kind", pa.string()),
        ("api", pa.string()),
        ("group_id", pa.string()),
        ("member_id", pa.string()),
        ("topic", pa.string()),
        ("topic_id", pa.string()),
        ("partition", pa.int32()),
        ("committed_offset", pa.int64()),
        ("error_code", pa.int16()),
        ("outcome", pa.string()),
    ]
)

ADMIN_ROWS: Final = pa.schema(
    [
        *_PLACE,
        ("kind", pa.string()),
        ("api", pa.string()),
        ("is_change", pa.bool_()),
        ("targets", pa.list_(pa.string())),
        ("error_code", pa.int16()),
        ("decision", pa.string()),
        ("rule_ids", pa.list_(pa.string())),
        ("outcome", pa.string()),
        ("request", pa.string()),
        ("response", pa.string()),
    ]
)

RECORD_ROWS: Final = pa.schema(
    [
        ("store", pa.int64()),
        ("number", pa.int32()),
        ("position", pa.int32()),
        ("offset", pa.int64()),
        ("timestamp", TIME),
        ("timestamp_type", pa.string()),
        ("codec", pa.string()),
        ("producer_id", pa.int64()),
        ("is_transactional", pa.bool_()),
        ("content", pa.binary(32)),
        ("key", pa.binary()),
        ("value", pa.binary()),
        ("headers", HEADERS),
    ]
)

GAP_ROWS: Final = pa.schema(
    [
        ("origin", pa.string()),
        ("kind", pa.string()),
        ("message", pa.string()),
        ("segment", pa.string()),
        ("block", pa.int64()),
        ("first_sequence", pa.int64()),
        ("last_sequence", pa.int64()),
        ("since", TIME),
        ("until", TIME),
        ("topic", pa.string()),
        ("topic_id", pa.string()),
        ("partition", pa.int32()),
        ("first_offset", pa.int64()),
        ("last_offset", pa.int64()),
        ("is_information", pa.bool_()),
        ("lost_batch", pa.binary(32)),
        ("cut_head", pa.binary(32)),
    ]
)

BATCH_ROWS: Final = pa.schema(
    [
        ("store", pa.int64()),
        ("number", pa.int32()),
        ("sha256", pa.binary(32)),
        ("state", pa.string()),
        ("head", pa.binary(32)),
    ]
)

SCHEMAS: Final = {
    "events": EVENT_ROWS,
    "batches": BATCH_ROWS,
    "records": RECORD_ROWS,
    "commits": COMMIT_ROWS,
    "admin": ADMIN_ROWS,
    "gaps": GAP_ROWS,
}


class RowGroups:
    """A Parquet file under way: collects rows and writes them in groups of bounded size."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.row_count = 0
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._waiting_bytes = 0
        names = set(schema.names)
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            # The least and greatest of payloads would say nothing and cost their size.
            write_statistics=sorted(names - {"content", "key", "value", "headers", "detail"}),
            use_dictionary=sorted(names - {"content", "key", "value", "sequence", "offset"}),
        )

    def write(self, rows: pa.RecordBatch) -> None:
        """Append rows of the file's schema."""
        self._waiting.append(rows)
        self._waiting_rows += rows.num_rows
        self._waiting_bytes += rows.get_total_buffer_size()
        if self._waiting_rows >= ROW_GROUP_ROWS or self._waiting_bytes >= ROW_GROUP_BYTES:
            self._flush()

    def write_columns(self, columns: Sequence[Sequence[object]]) -> None:
        """Append rows given as one sequence per column."""
        arrays = [
            pa.array(column, field.type)
            for column, field in zip(columns, self._schema, strict=True)
        ]
        self.write(pa.RecordBatch.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Write the rest; call nothing else afterwards."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, self._schema)
            self._writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
            self.row_count += table.num_rows
        self._waiting, self._waiting_rows, self._waiting_bytes = [], 0, 0
