"""Record batches against Kafka's own reader, asked through its tool that dumps log segments."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from gateway.wire.records.batch import CODECS, read_header, walk
from gateway.wire.records.decode import decode_batch
from gateway.wire.records.encode import BatchOptions, encode_batch, rewrite_batch
from gateway.wire.records.record import Record
from tests.gateway.wire.records.handmade import (
    ODD_RECORDS,
    STREAMS,
    make_batch,
    make_record,
    varint,
)
from tests.gateway.wire.records.written_by_kafka import BATCHES, RECORDS
from tests.kafka.distribution import run_tool

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 1 << 20

BATCH = re.compile(
    r"^(?:baseOffset: .* lastOffset|offset): (\S+) .*compresscodec: (\S+) .*: (\w+)$"
)
RECORD = re.compile(
    r"^\| offset: (?P<offset>\S+) \w+: (?P<time>\S+) keySize: (?P<key_size>\S+) "
    r"valueSize: (?P<value_size>\S+) (?:sequence: \S+ headerKeys: \[(?P<headers>.*?)\]"
    r"|isValid: true crc: \d+)(?: key: (?P<key>.*?))?(?: payload: (?P<value>.*))?$"
)

LONG = [
    Record(index, 1_000 - index, b"key" if index % 3 else None, b"value " * index)
    for index in range(1, 90)
]
HEADERS = [Record(40, 5, b"k", b"v", (("trace", b"1"), ("trace", None), ("", b"")))]
RICH = BatchOptions(
    producer_id=77,
    producer_epoch=3,
    base_sequence=5,
    partition_leader_epoch=4,
    is_transactional=True,
    is_log_append_time=True,
)


def stream(form: str) -> bytes:
    """Make a batch whose records are compressed in one of the unusual forms."""
    codec, make = STREAMS[form]
    body = make_record("00 00 00 01" + varint(60).hex() + "61" * 60 + "00") * 3
    return make_batch(make(body), 3, attributes=CODECS.index(codec))


def every_batch() -> list[bytes]:
    """Collect what is written here, rewritten here, written by others and written oddly."""
    written = [encode_batch(LONG, BatchOptions(codec=codec)) for codec in CODECS]
    written += [encode_batch(HEADERS, RICH)]
    return [
        *written,
        *(
            rewrite_batch(read_header(batch), records)
            for batch, records in zip(written, [LONG] * len(CODECS) + [HEADERS], strict=True)
        ),
        *BATCHES.values(),
        *(make_batch(make_record(fields)) for fields, _ in ODD_RECORDS.values()),
        *map(stream, STREAMS),
    ]


def dump(folder: Path, payload: bytes) -> list[str]:
    """Let Kafka say what a log segment of these bytes holds."""
    segment = folder / "00000000000000000000.log"
    segment.write_bytes(payload)
    return run_tool(
        "DumpLogSegments", "--files", str(segment), "--print-data-log", "--deep-iteration"
    ).splitlines()


def text(size: str, value: str | None) -> str | None:
    """Tell null from empty, which are printed alike."""
    return None if size == "-1" else value or ""


def theirs(line: re.Match[str]) -> tuple[object, ...]:
    """Return what Kafka printed of a record."""
    return (
        int(line["offset"]),
        int(line["time"]),
        text(line["key_size"], line["key"]),
        text(line["value_size"], line["value"]),
        line["headers"] or "",
    )


def ours(record: Record) -> tuple[object, ...]:
    """Return the same of a record of ours."""
    return (
        record.offset,
        record.timestamp_ms,
        None if record.key is None else record.key.decode(),
        None if record.value is None else record.value.decode(),
        ",".join(name for name, _ in record.headers),
    )


@pytest.mark.live
def test_kafka_reads_every_batch_as_we_do(tmp_path: Path) -> None:
    """It finds each checksum right and each record the same, in odd batches and streams too."""
    payload = b"".join(every_batch())
    lines = dump(tmp_path, payload)
    batches = [match.groups() for match in map(BATCH.match, lines) if match]
    records = [theirs(match) for match in map(RECORD.match, lines) if match]
    spans = [(span, span.header) for span in walk(payload) if span.header]
    decoded = [
        decode_batch(payload[span.start : span.end], decompressed_bytes_max=LIMIT)
        for span, _ in spans
    ]

    assert batches == [(str(header.last_offset), header.codec, "true") for _, header in spans]
    assert records == [ours(record) for each in decoded for record in each]
    assert len(records) > len(RECORDS) * len(BATCHES) + len(LONG) * len(CODECS) * 2
