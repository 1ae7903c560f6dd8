"""kill -9 at random moments under load: whatever a client was promised or given is in the archive.

`pytest tests/live/test_kill.py --kills 20` is the long form.
"""

from __future__ import annotations

import random
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.gateway.sealer.matrix import say
from tests.kafka.gateway import running_gateway
from tests.kafka.load import Load
from tests.kafka.promises import broken_promises
from tests.kafka.truth import create_topic

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
    broken = broken_promises(gateway.archive, kafka, load, topic)
    say("kill -9 at random under load", kills, len(broken))

    assert broken == []
