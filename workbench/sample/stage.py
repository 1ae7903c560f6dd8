"""What everybody in the sample shares: the cluster, the recorder, and who was given what."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.event import Masked
from gateway.wire.records.encode import encode_batch
from workbench.sample.business import masked_card_number
from workbench.sample.clients import ISSUER, Client
from workbench.sample.cluster import as_sent
from workbench.sample.messages import Delivery
from workbench.sample.truth import Place, Read

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.wire.records.record import Record
    from workbench.sample.clients import Program
    from workbench.sample.cluster import Batch, Cluster, Partition
    from workbench.sample.recorder import Recorder

FIELD: Final = "card_number"
MASKED_TOPIC: Final = "payments"
MASKED_SUBJECT: Final = "analytics"
_FIRST_PORT: Final = 40_112


def principal(subject: str) -> str:
    """Write a principal as tables do."""
    return f"{subject}@{ISSUER}"


@dataclass(slots=True)
class Stage:
    """Where the story happens."""

    recorder: Recorder
    cluster: Cluster
    reads: list[Read] = field(default_factory=list)
    aborted: list[tuple[Partition, int, int]] = field(default_factory=list)
    """Aborted transactions: where, whose, and from which offset on."""
    session_count: int = 0

    def connect(self, program: Program) -> Client:
        """Let a program connect."""
        self.session_count += 1
        session = f"s-{self.session_count:04d}"
        client = Client(self.recorder, program, session, _FIRST_PORT + 7 * self.session_count)
        client.connect()
        return client

    def log_in(self, program: Program) -> Client:
        """Let a program connect with its password."""
        client = self.connect(program)
        client.log_in()
        return client

    def produce(self, client: Client, partition: Partition, records: list[Record]) -> Batch:
        """Let a client write records, all answered."""
        batch = self.cluster.append(partition, records)
        client.produce(partition, as_sent(records), batch)
        return batch

    def fetch(
        self,
        client: Client,
        wanted: Mapping[Partition, int],
        *,
        batches_max: int = 50,
        isolation_level: int = 0,
    ) -> dict[Partition, list[Batch]]:
        """Let a client fetch from offsets, and keep what it was given."""
        deliveries = [
            self._delivery(client, partition, offset, batches_max, isolation_level)
            for partition, offset in wanted.items()
        ]
        client.fetch(deliveries)
        for delivery in deliveries:
            self._keep(client, delivery)
        return {delivery.partition: list(delivery.batches) for delivery in deliveries}

    def now_ms(self) -> int:
        """Tell the time as records do."""
        return self.recorder.wall_ns // 1_000_000

    def _delivery(
        self,
        client: Client,
        partition: Partition,
        offset: int,
        batches_max: int,
        isolation_level: int,
    ) -> Delivery:
        batches = self.cluster.fetch(partition, offset, batches_max)
        masked: tuple[Masked, ...] = ()
        if partition[0] == MASKED_TOPIC and client.program.subject == MASKED_SUBJECT:
            batches = [_masked(batch) for batch in batches]
            masked = (Masked(FIELD, "partial", sum(batch.record_count for batch in batches)),)
        aborted = tuple(
            (producer_id, first)
            for place, producer_id, first in self.aborted
            if isolation_level and place == partition and first >= offset
        )
        return Delivery(
            partition=partition,
            requested_offset=offset,
            batches=batches,
            high_watermark=self.cluster.end(partition),
            masked=masked,
            isolation_level=isolation_level,
            aborted=aborted,
        )

    def _keep(self, client: Client, delivery: Delivery) -> None:
        topic, number = delivery.partition
        fields = tuple(each.field for each in delivery.masked)
        self.reads += [
            Read(
                principal(client.program.subject),
                client.session,
                Place(topic, number, record.offset),
                fields,
                is_below_requested=record.offset < delivery.requested_offset,
                is_aborted=batch.is_aborted and bool(delivery.aborted),
            )
            for batch in delivery.batches
            for record in batch.records
        ]


def _masked(batch: Batch) -> Batch:
    records = tuple(
        replace(record, value=_masked_value(record.value or b"{}")) for record in batch.records
    )
    return replace(batch, content=encode_batch(records), records=records)


def _masked_value(value: bytes) -> bytes:
    decoded = msgspec.json.decode(value)
    decoded[FIELD] = masked_card_number(decoded[FIELD])
    return msgspec.json.encode(decoded)
