"""A named cluster is used like the embedded broker, and keeps nothing of the demo."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient

from tests.kafka.cluster import named_cluster, running_cluster
from tests.workbench.demo.conftest import run_demo
from workbench.demo.cluster import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def kafka(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A real Kafka, started or named by --broker."""
    named: str | None = request.config.getoption("broker")
    cluster = nullcontext(named_cluster(named)) if named else running_cluster(tmp_path / "kafka")
    with cluster as running:
        yield running.bootstrap


@pytest.mark.live
def test_the_demo_runs_on_a_real_kafka(kafka: str, tmp_path: Path) -> None:
    """Every record and verdict is right there too, and topics and groups are gone afterwards."""
    done = run_demo(tmp_path / "out", "--broker", kafka)
    admin = AdminClient({"bootstrap.servers": kafka})
    groups = admin.list_consumer_groups().result(30).valid

    assert done["exit_code"] == 0, f"{done['output']}{done['errors']}"
    assert not any(name.startswith(PREFIX) for name in admin.list_topics(timeout=30).topics)
    assert not any(group.group_id.startswith(PREFIX) for group in groups or ())
