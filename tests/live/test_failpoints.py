"""The gateway dies at each of its named moments, under load, and breaks no promise."""

from __future__ import annotations

import random
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.failpoints import Failpoint
from tests.gateway.sealer.matrix import say
from tests.kafka.gateway import Gateway, Options
from tests.kafka.load import Load
from tests.kafka.promises import broken_promises
from tests.kafka.truth import create_topic

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.kafka.cluster import Cluster

# More than recovery, which is told of the same failpoint, ever passes.
PASSES = range(30, 90)
FILES = range(2, 4)
OPTIONS = Options(durability={"durability": "strict"}, limits={"journal_file_bytes": 1_048_576})
# The moments of the process that serves clients; tests/gateway/sealer has those of the sealer.
OF_THE_GATEWAY = [each for each in Failpoint if each.startswith(("gateway.", "journal."))]
UNRECORDED = [sys.executable, "-m", "tests.kafka.unrecorded"]


@pytest.fixture
def topic(kafka: Cluster, prefix: str) -> str:
    """A topic for the load."""
    name = f"{prefix}-load"
    create_topic(kafka.bootstrap, name, 2)
    return name


@pytest.fixture
def gateway(kafka: Cluster, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that promises what the disk has, and is not started yet."""
    gateway = Gateway(tmp_path / "gateway", kafka, OPTIONS)
    yield gateway
    if gateway.process is not None:
        gateway.kill()


def passes_of(failpoint: Failpoint, chance: random.Random) -> int:
    """Choose when to die, under way."""
    return chance.choice(FILES if failpoint is Failpoint.JOURNAL_CREATED else PASSES)


@pytest.mark.timeout(1800)
def test_a_death_at_any_failpoint_breaks_no_promise(
    kafka: Cluster, gateway: Gateway, tmp_path: Path, topic: str
) -> None:
    """What clients were acknowledged or delivered, and what the broker got, is in the archive."""
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    order = chance.sample(OF_THE_GATEWAY, len(OF_THE_GATEWAY))
    gateway.start()
    with Load(gateway.bootstrap, topic, tmp_path / "load.log") as load:
        load.wait_for_progress()
        gateway.stop()
        for failpoint in order:
            gateway.launch(failpoint=f"{failpoint}:{passes_of(failpoint, chance)}")
            assert (failpoint, -signal.SIGKILL) == (failpoint, gateway.wait_for_death())
        gateway.start()
        load.wait_for_progress()
    gateway.stop()
    broken = broken_promises(gateway.archive, kafka, load, topic)
    say("the gateway killed at a failpoint under load", len(order), len(broken))

    assert broken == [], f"seed {seed}"


@pytest.mark.timeout(600)
def test_a_gateway_that_releases_before_it_records_breaks_promises(
    kafka: Cluster, gateway: Gateway, tmp_path: Path, topic: str
) -> None:
    """The test above sees a loss where there is one."""
    gateway.command = UNRECORDED
    gateway.start()
    with Load(gateway.bootstrap, topic, tmp_path / "load.log") as load:
        load.wait_for_progress()
        gateway.kill()
        gateway.start()
        load.wait_for_progress()
    gateway.stop()
    broken = broken_promises(gateway.archive, kafka, load, topic)
    say("the gateway killed without recording first", 1, len(broken))

    assert broken != []
