"""What really crossed the wire to clients, byte by byte."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import decode_response
from gateway.wire.records.batch import walk
from tests.kafka.evidence import Evidence
from tests.kafka.features import FEATURES, Place
from tests.kafka.gateway import Options, running_gateway
from tests.kafka.matrix import CELLS, CLIENTS
from tests.kafka.tap import TAP_HOST, leaks, tapped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kafka.clients.client import Client
    from tests.kafka.cluster import Cluster
    from tests.kafka.gateway import Gateway
    from tests.kafka.tap import Wire

# Everything that carries addresses (Metadata, coordinators, DescribeCluster, leaders in Fetch and
# Produce answers, share groups) and everything that carries records.
TRIED = ("cluster", "group-classic", "group-consumer", "read-committed", "assign-seek", "share")


@pytest.fixture
def behind_tap(
    kafka: Cluster, tmp_path: Path, prefix: str
) -> Iterator[tuple[Gateway, list[Wire], Place]]:
    """A gateway, the wires of its clients, and the place where clients meet the tap."""
    options = Options(advertised_host=TAP_HOST)
    with (
        running_gateway(tmp_path / "gateway", kafka, options) as gateway,
        tapped("127.0.0.1", gateway.ports) as wires,
    ):
        place = Place(
            bootstrap=f"{TAP_HOST}:{gateway.port}",
            direct=kafka.bootstrap,
            prefix=prefix,
            nodes=gateway.nodes,
        )
        yield gateway, wires, place


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_every_byte_of_records_is_recorded_and_no_address_leaks(
    client: Client, behind_tap: tuple[Gateway, list[Wire], Place]
) -> None:
    """The batches on the wire are those in the archive, and the broker's address is nowhere."""
    gateway, wires, place = behind_tap
    tried = {cell.feature.name for cell in CELLS if cell.client is client}
    for number, feature in enumerate(FEATURES):
        if feature.name in tried and feature.name in TRIED:
            place.prefix = f"{place.prefix.partition('-')[0]}-{number}"
            feature.run(client, place)
    gateway.stop()

    assert leaks(wires) == []
    assert delivered_on(wires) == delivered_in(gateway)
    assert sum(delivered_on(wires).values()) > 0


def delivered_on(wires: list[Wire]) -> Counter[tuple[str, bytes]]:
    """Count the SHA-256 of each whole batch that a Fetch or ShareFetch brought, by API."""
    found: Counter[tuple[str, bytes]] = Counter()
    for wire in wires:
        for api_key, version, answer in wire.exchanges():
            if api_key in {ApiKey.FETCH, ApiKey.SHARE_FETCH}:
                body = decode_response(answer, api_key, version).body
                name = ApiKey(api_key).name
                found.update((name, digest) for digest in _batches(body))
    return found


def _batches(body: dict[str, list[dict[str, list[dict[str, bytes]]]]]) -> Iterator[bytes]:
    for topic in body["responses"]:
        for partition in topic["partitions"]:
            records = memoryview(partition["records"] or b"")
            for span in walk(records):
                if span.header is not None:
                    yield hashlib.sha256(records[span.start : span.end]).digest()


def delivered_in(gateway: Gateway) -> Counter[tuple[str, bytes]]:
    """Count the SHA-256 of each whole batch that the archive says was delivered, by API."""
    rows = Evidence(gateway.archive).tables.delivered.collect().to_dicts()
    return Counter((row["via"], digest) for row in rows for digest in row["batches"])
