"""The first half of the demo: a breach happens, and the gateway records it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from workbench.demo.cast import Accounts
from workbench.demo.clients import logging_to
from workbench.demo.cluster import embedded_broker, named_cluster
from workbench.demo.gateway import recording_gateway
from workbench.demo.scenario import SIGHTINGS_EXPECTED, play
from workbench.demo.services import Stage
from workbench.demo.truth import GroundTruth

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from workbench.demo.cast import Topics
    from workbench.demo.cluster import Cluster
    from workbench.demo.folder import Folder
    from workbench.demo.show import Show


def record_breach(folder: Folder, broker: str | None, show: Show) -> Topics:
    """Play the breach and leave the sealed archive and the ground truth in the folder.

    Returns the names of the topics; nothing that was started runs afterwards.
    """
    truth = GroundTruth()
    with logging_to(folder.log("clients")), ExitStack() as kafka:
        with show.step(_title(broker)):
            cluster = kafka.enter_context(_cluster(folder, broker))
        _record(folder, cluster, truth, show)
    truth.save(folder.ground_truth)
    return cluster.topics


def _title(broker: str | None) -> str:
    return "Start an embedded Kafka-compatible broker" if broker is None else f"Find {broker}"


def _cluster(folder: Folder, broker: str | None) -> AbstractContextManager[Cluster]:
    return embedded_broker(folder.log("broker")) if broker is None else named_cluster(broker)


def _record(folder: Folder, cluster: Cluster, truth: GroundTruth, show: Show) -> None:
    accounts = Accounts.create()
    with ExitStack() as gateway:
        with show.step("Start the recording gateway in front of it"):
            bootstrap = gateway.enter_context(recording_gateway(cluster, accounts, folder))
        stage = Stage(bootstrap=bootstrap, accounts=accounts, topics=cluster.topics, truth=truth)
        with show.step("Play the breach with real clients", total=SIGHTINGS_EXPECTED) as step:
            play(
                stage,
                cluster.bootstrap,
                lambda act: step.tell(act, len(truth.sent) + len(truth.received)),
            )
        with show.step("Stop the gateway and seal the evidence"):
            gateway.close()
