"""kill -9 at random moments under load: whatever a client was promised or given is in the archive.

`pytest tests/live/test_kill.py --kills 20` is the long form.
"""

from __future__ import annotations

import random
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.kafka.evidence import Evidence
from tests.kafka.gateway import running_gateway
from tests.kafka.load import ACKNOWLEDGED, RECEIVED, Load
from tests.kafka.truth import create_topic, whole_log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.kafka.cluster import Cluster
    from tests.kafka.gateway import Gateway


@pytest.fixture
def chance(record_property: Callable[[str, object], None]) -> random.Random:
    """Randomness that a failure can be repeated with, as far as processes allow."""
    seed = random.SystemRandom().randrange(2**32)
    record_property("seed", seed)
    sys.stdout.write(f"seed {seed}\n")
    return random.Random(seed)


def kill_gateway(gateway: Gateway, chance: random.Random) -> None:
    """Kill the gateway while it serves."""
    time.sleep(chance.uniform(0, 1.5))
    gateway.kill()


def kill_while_starting(gateway: Gateway, chance: random.Random) -> None:
    """Kill the gateway, and then the next one while it recovers or binds."""
    kill_gateway(gateway, chance)
    begun = len(gateway.lines("starting"))
    gateway.launch()
    gateway.wait_for("starting", times=begun + 1)
    time.sleep(chance.uniform(0, 0.5))
    gateway.kill()


def kill_sealer(gateway: Gateway, chance: random.Random) -> None:
    """Kill the sealer, and the gateway soon after it."""
    time.sleep(chance.uniform(0, 1.5))
    gateway.sealer().kill()
    kill_gateway(gateway, chance)


def kill_both(gateway: Gateway, chance: random.Random) -> None:
    """Kill the gateway, and its sealer while that seals the rest."""
    sealer = gateway.sealer()
    kill_gateway(gateway, chance)
    time.sleep(chance.uniform(0, 0.1))
    if sealer.is_running():
        sealer.kill()


WAYS = (kill_gateway, kill_sealer, kill_while_starting, kill_both)


@pytest.mark.timeout(3600)
def test_nothing_promised_or_given_is_lost(
    kafka: Cluster, tmp_path: Path, prefix: str, chance: random.Random, pytestconfig: pytest.Config
) -> None:
    """After every recovery the archive holds all that clients were acknowledged or delivered."""
    kills: int = pytestconfig.getoption("kills")
    topic = f"{prefix}-load"
    create_topic(kafka.bootstrap, topic, 2)
    first_way = chance.randrange(len(WAYS))
    with (
        running_gateway(tmp_path / "gateway", kafka) as gateway,
        Load(gateway.bootstrap, topic, tmp_path / "load.log") as load,
    ):
        for n in range(kills):
            load.wait_for_progress()
            WAYS[(first_way + n) % len(WAYS)](gateway, chance)
            gateway.start()
        load.wait_for_progress()
    acknowledged, received = (set(load.logged(word)) for word in (ACKNOWLEDGED, RECEIVED))
    evidence = Evidence(gateway.archive)
    produced = {(r.partition, r.offset, r.value) for r in evidence.produced(topic)}
    sent = {(partition, value) for partition, _, value in produced}
    read = {(e.record.partition, e.record.offset, e.record.value) for e in evidence.reads(topic)}
    written = {(r.partition, r.value) for n in (0, 1) for r in whole_log(kafka.bootstrap, topic, n)}
    sys.stdout.write(  # shown with -s
        f"{kills} kills: {len(acknowledged)} records acknowledged, {len(received)} "
        f"received, {len(written)} in the log; {len(produced)} recorded as produced, "
        f"{len(read)} as read\n"
    )

    # What was under way at a kill is known to be unknown; nothing else is wrong.
    assert {fault.partition(":")[0] for fault in evidence.faults()} <= {"outcome_unknown"}
    assert acknowledged - produced == set()
    assert received - read == set()
    # Even what was never acknowledged: nothing reaches the broker before it is recorded.
    assert written - sent == set()
