"""A client that sends exactly what it is told and shows exactly what comes back."""

from __future__ import annotations

import socket
from itertools import count
from typing import TYPE_CHECKING, Self

from aiokafka.record.default_records import DefaultRecordBatchBuilder

from gateway.wire.frames import frame
from gateway.wire.headers import RequestHeader
from gateway.wire.messages import api_versions, decode_response, default_body, encode_request
from gateway.wire.records.batch import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.wire.api_keys import ApiKey
    from gateway.wire.readers import Body
    from gateway.wire.records.batch import BatchHeader
    from tests.kafka.records import Record

ANSWER_SECONDS = 30
SIZE_BYTES = 4


class RawClient:
    """One connection to one broker, or to the gateway's port for it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=ANSWER_SECONDS)
        self._numbers = count(1)

    def __enter__(self) -> Self:
        """Return the connected client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.socket.close()

    def send(
        self, api_key: ApiKey, version: int, fields: Mapping[str, object] | None = None
    ) -> int:
        """Send a request whose other fields have their defaults; return its correlation id."""
        number = next(self._numbers)
        self.socket.sendall(request(api_key, version, fields, correlation_id=number))
        return number

    def receive(self) -> bytes:
        """Return the next answer's bytes; empty when the other side has closed."""
        size = int.from_bytes(self._read(SIZE_BYTES), "big")
        return self._read(size) if size else b""

    def ask(
        self, api_key: ApiKey, version: int, fields: Mapping[str, object] | None = None
    ) -> Body:
        """Send a request and return the decoded answer."""
        number = self.send(api_key, version, fields)
        answer = decode_response(self.receive(), api_key, version)
        assert answer.correlation_id == number
        return answer.body

    def _read(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            chunk = self.socket.recv(size - len(received))
            if not chunk:
                return b""
            received += chunk
        return bytes(received)


def request(
    api_key: ApiKey,
    version: int,
    fields: Mapping[str, object] | None = None,
    *,
    correlation_id: int = 1,
    client_id: str = "raw",
) -> bytes:
    """Encode a request with its size prefix."""
    header = RequestHeader(
        api_key=api_key,
        api_version=version,
        correlation_id=correlation_id,
        client_id=client_id,
        tags={},
    )
    body = default_body(api_key, version, response=False) | dict(fields or {})
    return frame(encode_request(header, body))


def newest(api_key: ApiKey) -> int:
    """Tell the newest version of an API that the message table has."""
    return api_versions()[api_key].version_max


def address_of(bootstrap: str) -> tuple[str, int]:
    """Split the first address of a bootstrap list."""
    host, _, port = bootstrap.partition(",")[0].rpartition(":")
    return host, int(port)


def produce_fields(topic: str, records: Sequence[Record], *, acks: int = -1) -> Body:
    """Return what a Produce up to version 12 says to send one batch by the topic's name."""
    batch = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=0,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1 << 20,
    )
    for offset, record in enumerate(records):
        batch.append(offset, 0, record.key, record.value, list(record.headers))
    partition = {"index": records[0].partition, "records": bytes(batch.build())}
    return {
        "transactional_id": None,
        "acks": acks,
        "timeout_ms": 10_000,
        "topic_data": [{"name": topic, "partition_data": [partition]}],
    }


def fetch_fields(
    topic: str,
    offset: int,
    *,
    partition: int = 0,
    max_bytes: int = 1 << 20,
    leader_epoch: int = -1,
) -> Body:
    """Return what a Fetch up to version 12 says to read one partition by the topic's name."""
    return {
        "replica_id": -1,
        "max_wait_ms": 500,
        "min_bytes": 1,
        "max_bytes": max_bytes,
        "topics": [
            {
                "topic": topic,
                "partitions": [
                    {
                        "partition": partition,
                        "current_leader_epoch": leader_epoch,
                        "fetch_offset": offset,
                        "last_fetched_epoch": -1,
                        "log_start_offset": -1,
                        "partition_max_bytes": max_bytes,
                    }
                ],
            }
        ],
    }


def batch_headers(answers: Iterable[Body]) -> list[BatchHeader]:
    """List the headers of all whole batches in Fetch answers."""
    return [
        span.header
        for answer in answers
        for topic in answer["responses"]
        for partition in topic["partitions"]
        for span in walk(memoryview(partition["records"] or b""))
        if span.header is not None
    ]
