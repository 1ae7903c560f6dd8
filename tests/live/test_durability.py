"""Listeners that promise more than the operating system: real clients work through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.archive import scan
from gateway.evidence.reader import Block
from tests.kafka.evidence import Evidence
from tests.kafka.gateway import Options, running_gateway
from tests.kafka.load import ACKNOWLEDGED, RECEIVED, Load
from tests.kafka.truth import create_topic

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.kafka.cluster import Cluster

STRICT = {"durability": "strict"}
BOUNDED = {"durability": "bounded", "bounded_ms": 20}


def promises_in(archive: Path, boot_id: str) -> set[str]:
    """List what the blocks of one run state; what recovery adds is no part of it."""
    blocks = [each for each in scan(archive) if isinstance(each, Block)]
    return {each.header.durability for each in blocks if each.header.boot_ids == (boot_id,)}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("durability", "stated"), [(STRICT, "strict"), (BOUNDED, "bounded:20ms")])
def test_clients_work_and_nothing_promised_is_lost(
    kafka: Cluster, tmp_path: Path, prefix: str, durability: Mapping[str, object], stated: str
) -> None:
    """Also by kill -9 under load; and the archive states what was promised."""
    topic = f"{prefix}-{stated.partition(':')[0]}"
    create_topic(kafka.bootstrap, topic, 2)
    options = Options(durability=durability)
    with (
        running_gateway(tmp_path / "gateway", kafka, options) as gateway,
        Load(gateway.bootstrap, topic, tmp_path / "load.log") as load,
    ):
        load.wait_for_progress()
        gateway.kill()
        gateway.start()
        load.wait_for_progress()
    acknowledged, received = (set(load.logged(word)) for word in (ACKNOWLEDGED, RECEIVED))
    evidence = Evidence(gateway.archive)
    produced = {(r.partition, r.offset, r.value) for r in evidence.produced(topic)}
    read = {(e.record.partition, e.record.offset, e.record.value) for e in evidence.reads(topic)}
    boots = [str(line["boot_id"]) for line in gateway.lines("starting")]

    assert {fault.partition(":")[0] for fault in evidence.faults()} <= {"outcome_unknown"}
    assert set() == acknowledged - produced
    assert set() == received - read
    assert [{stated}, {stated}] == [promises_in(gateway.archive, boot) for boot in boots]
