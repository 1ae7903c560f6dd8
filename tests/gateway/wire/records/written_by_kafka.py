"""Batches that Kafka 4.4's own Java classes wrote, in every format with every codec that it has.

Each holds the same three records; those of v0 have no timestamps.
"""

from __future__ import annotations

import json
from pathlib import Path

from gateway.wire.records.record import Record

OFFSET, FIRST_MS = 7, 1_000
RECORDS = [
    Record(7, 1_000, b"k", b"one"),
    Record(8, 1_005, None, b" ".join([b"two"] * 10)),
    Record(9, 1_003, b"k", None),
]
RECORDS_V0 = [Record(record.offset, -1, record.key, record.value) for record in RECORDS]

BATCHES: dict[tuple[str, str], bytes] = {
    (version, codec): bytes.fromhex(content)
    for version, by_codec in json.loads(
        Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
    ).items()
    for codec, content in by_codec.items()
}


def records_of(version: str) -> list[Record]:
    """Return the records that a batch of this format holds."""
    return RECORDS_V0 if version == "v0" else RECORDS
