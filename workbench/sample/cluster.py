"""The broker's side of the sample: logs of batches, with the offsets that a broker would give."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gateway.wire.records.encode import BatchOptions, encode_batch
from gateway.wire.records.record import Record

if TYPE_CHECKING:
    from collections.abc import Sequence

Partition = tuple[str, int]

_COMMIT, _ABORT = struct.pack(">hh", 0, 1), struct.pack(">hh", 0, 0)
_MARKER_VALUE = struct.pack(">hi", 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One batch as the log holds it; a control batch has no records."""

    content: bytes
    first_offset: int
    last_offset: int
    records: tuple[Record, ...]
    is_aborted: bool = False

    @property
    def record_count(self) -> int:
        """What its header says, control records included."""
        return self.last_offset - self.first_offset + 1


@dataclass(slots=True)
class Cluster:
    """The logs of all topic-partitions."""

    partition_counts: dict[str, int]
    logs: dict[Partition, list[Batch]] = field(default_factory=dict)

    def partitions(self, topic: str) -> list[Partition]:
        """List a topic's partitions."""
        return [(topic, number) for number in range(self.partition_counts[topic])]

    def end(self, partition: Partition) -> int:
        """Return the offset that the next record gets."""
        log = self.logs.get(partition)
        return log[-1].last_offset + 1 if log else 0

    def append(
        self,
        partition: Partition,
        records: Sequence[Record],
        options: BatchOptions | None = None,
        *,
        is_aborted: bool = False,
    ) -> Batch:
        """Add records behind the end, whatever offsets they came with."""
        first = self.end(partition)
        placed = tuple(
            replace(record, offset=first + index) for index, record in enumerate(records)
        )
        batch = Batch(
            content=encode_batch(placed, options),
            first_offset=first,
            last_offset=first + len(placed) - 1,
            records=placed,
            is_aborted=is_aborted,
        )
        self.logs.setdefault(partition, []).append(batch)
        return batch

    def end_transaction(
        self, partition: Partition, producer_id: int, timestamp_ms: int, *, committed: bool
    ) -> int:
        """Add the marker that ends a transaction (KIP-98), and return its offset."""
        offset = self.end(partition)
        key = _COMMIT if committed else _ABORT
        content = encode_batch(
            [Record(offset, timestamp_ms, key, _MARKER_VALUE)],
            BatchOptions(
                producer_id=producer_id, producer_epoch=0, is_transactional=True, is_control=True
            ),
        )
        marker = Batch(content=content, first_offset=offset, last_offset=offset, records=())
        self.logs.setdefault(partition, []).append(marker)
        return offset

    def fetch(self, partition: Partition, offset: int, batches_max: int) -> list[Batch]:
        """Return whole batches from the one that holds an offset, as brokers do."""
        log = self.logs.get(partition, [])
        return [batch for batch in log if batch.last_offset >= offset][:batches_max]


def as_sent(records: Sequence[Record], options: BatchOptions | None = None) -> bytes:
    """Make a batch as its producer sends it: offsets begin at 0."""
    numbered = [replace(record, offset=index) for index, record in enumerate(records)]
    return encode_batch(numbered, options)
