"""The services of the sample: what they do each minute of an ordinary morning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.wire.api_keys import ApiKey
from gateway.wire.records.encode import BatchOptions
from workbench.sample import business
from workbench.sample.clients import Client, Program
from workbench.sample.cluster import as_sent
from workbench.sample.truth import Place

if TYPE_CHECKING:
    from gateway.wire.records.record import Record
    from workbench.sample.cluster import Partition
    from workbench.sample.messages import Detail
    from workbench.sample.stage import Stage

TOPICS: Final = {"orders": 3, "payments": 2, "shipments": 1, "invoices": 1, "clicks": 1}

SHOP: Final = Program(subject="shop-web", client_id="shop-web", host="10.20.1.11")
BILLING: Final = Program(subject="billing", client_id="billing", host="10.20.1.12")
FULFILMENT: Final = Program(subject="fulfilment", client_id="fulfilment", host="10.20.1.13")
ANALYTICS: Final = Program(
    subject="analytics",
    client_id="analytics",
    host="10.20.2.21",
    software_name="aiokafka",
    software_version="0.14.0",
)
ACCOUNTING: Final = Program(subject="accounting", client_id="accounting", host="10.20.1.14")
REPORTING: Final = Program(subject="reporting", client_id="reporting", host="10.20.2.22")

ORDERS_PER_MINUTE: Final = 6
_TRANSACTION_EVERY: Final = 12
_CLICKS_EVERY: Final = 15
_PRODUCER_ID: Final = 4001
_ABORTED_TRANSACTION: Final = 5


@dataclass(slots=True)
class Shop:
    """Takes orders and payments, and counts clicks without waiting for an answer."""

    stage: Stage
    client: Client
    order_count: int = 0
    acks_none: list[Place] = field(default_factory=list)

    def tick(self, minute: int) -> None:
        """Send what customers did in a minute."""
        orders: dict[Partition, list[Record]] = {}
        payments: dict[Partition, list[Record]] = {}
        for number in range(self.order_count, self.order_count + ORDERS_PER_MINUTE):
            now = self.stage.now_ms() + 7 * (number % ORDERS_PER_MINUTE)
            order, payment = business.order(number), business.payment(number)
            orders.setdefault(("orders", number % 3), []).append(
                business.record(f"o-{number:05d}", order, now)
            )
            payments.setdefault(("payments", number % 2), []).append(
                business.record(f"o-{number:05d}", payment, now)
            )
        self.order_count += ORDERS_PER_MINUTE
        for partition, records in (orders | payments).items():
            self.stage.produce(self.client, partition, records)
        if minute % _CLICKS_EVERY == 0:
            self._send_clicks(minute)

    def _send_clicks(self, minute: int) -> None:
        now = self.stage.now_ms()
        records = [
            business.record(f"v-{number}", business.click(number), now)
            for number in range(minute * 10, minute * 10 + 3)
        ]
        partition = ("clicks", 0)
        batch = self.stage.cluster.append(partition, records)
        self.client.produce(partition, as_sent(records), batch, acks=0)
        self.acks_none += [Place("clicks", 0, each.offset) for each in batch.records]


@dataclass(slots=True)
class Consumer:
    """Reads topics as they grow, and commits."""

    stage: Stage
    client: Client
    topics: tuple[str, ...]
    isolation_level: int = 0
    positions: dict[Partition, int] = field(default_factory=dict)

    def tick(self) -> list[Record]:
        """Fetch what is new, commit, and return it."""
        wanted = {
            partition: self.positions.get(partition, 0)
            for topic in self.topics
            for partition in self.stage.cluster.partitions(topic)
        }
        fetched = self.stage.fetch(self.client, wanted, isolation_level=self.isolation_level)
        news = {partition: batches for partition, batches in fetched.items() if batches}
        if not news:
            return []
        self.positions |= {
            partition: batches[-1].last_offset + 1 for partition, batches in news.items()
        }
        self.client.commit(
            self.client.program.subject,
            {partition: self.positions[partition] for partition in news},
        )
        return [
            record
            for partition, batches in news.items()
            for batch in batches
            for record in batch.records
            if record.offset >= wanted[partition]
        ]

    def reconnect(self, *, back: int = 0) -> None:
        """Start anew, `back` records behind the last commit."""
        program = self.client.program
        self.client.close()
        self.client = self.stage.log_in(program)
        self.positions = {partition: offset - back for partition, offset in self.positions.items()}


def ship(stage: Stage, client: Client, orders: list[Record]) -> None:
    """Announce a shipment for each order."""
    if not orders:
        return
    now = stage.now_ms()
    shipments = []
    for record in orders:
        order_id = msgspec.json.decode(record.value or b"{}")["order_id"]
        shipments.append(business.record(str(order_id), business.shipment(order_id), now))
    stage.produce(client, ("shipments", 0), shipments)


@dataclass(slots=True)
class Accounting:
    """Writes invoices in transactions, one of which is aborted."""

    stage: Stage
    client: Client
    count: int = 0
    control: list[Place] = field(default_factory=list)

    def tick(self, minute: int) -> None:
        """Write one transaction every few minutes."""
        if minute % _TRANSACTION_EVERY:
            return
        self.count += 1
        is_aborted = self.count == _ABORTED_TRANSACTION
        partition = ("invoices", 0)
        options = BatchOptions(
            producer_id=_PRODUCER_ID,
            producer_epoch=0,
            base_sequence=3 * (self.count - 1),
            is_transactional=True,
        )
        now = self.stage.now_ms()
        records = [
            business.record(f"i-{number}", business.invoice(number), now)
            for number in range(3 * self.count, 3 * self.count + 3)
        ]
        batch = self.stage.cluster.append(partition, records, options, is_aborted=is_aborted)
        sent = as_sent(records, options)
        self.client.produce(partition, sent, batch, txn="accounting-1")
        self._end(partition, committed=not is_aborted)
        if is_aborted:
            self.stage.aborted.append((partition, _PRODUCER_ID, batch.first_offset))

    def _end(self, partition: Partition, *, committed: bool) -> None:
        request: Detail = {
            "transactional_id": "accounting-1",
            "producer_id": _PRODUCER_ID,
            "producer_epoch": 0,
            "committed": committed,
        }
        answer: Detail = {"throttle_time_ms": 0, "error_code": 0}
        self.client.ask(ApiKey.END_TXN, request, answer, is_change=True)
        offset = self.stage.cluster.end_transaction(
            partition, _PRODUCER_ID, self.stage.now_ms(), committed=committed
        )
        self.control.append(Place(*partition, offset))
