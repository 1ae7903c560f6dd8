"""The gateway's own questions to a cluster, one that answers and ones that misbehave."""

from __future__ import annotations

import asyncio
import gc
import secrets
from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING

import pytest
import structlog
from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from gateway.server.upstream import UpstreamCluster, UpstreamError
from gateway.session.topology import Topology
from gateway.wire.api_keys import ApiKey
from gateway.wire.frames import frame
from gateway.wire.messages import Response, default_body, encode_response
from tests.gateway.server.peers import config_for, peer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from workbench.demo.cluster import Cluster


def cluster_at(folder: Path, *ports: int, first_node_id: int = 0) -> UpstreamCluster:
    """Make the gateway's view of a cluster with these bootstrap ports."""
    config = config_for(folder, upstream=ports, first_node_id=first_node_id)
    return UpstreamCluster(config, Topology(), structlog.get_logger())


def address_of(cluster: Cluster) -> tuple[str, int]:
    """Split a cluster's bootstrap address."""
    host, _, port = cluster.bootstrap.partition(":")
    return host, int(port)


async def eventually(is_true: Callable[[], bool]) -> None:
    """Wait until something has come about."""
    async with asyncio.timeout(10):
        while not is_true():
            await asyncio.sleep(0.01)


async def test_the_nodes_are_found_and_told_once(tmp_path: Path, cluster: Cluster) -> None:
    """The log names the nodes when they are found, not each time that they are asked for."""
    (node,) = cluster.node_ids
    host, port = address_of(cluster)
    asked = cluster_at(tmp_path, port, first_node_id=node)
    with structlog.testing.capture_logs() as lines:
        await asked.refresh()
        await asked.refresh()

    assert asked.nodes == {node: (host, port)}
    assert await asked.addresses_of(node) == ((host, port),)
    assert await asked.addresses_of(None) == ((host, port),)
    assert [(line["event"], line["nodes"]) for line in lines] == [
        ("upstream_found", {str(node): f"{host}:{port}"})
    ]


async def test_a_node_is_asked_for_when_a_client_wants_it(tmp_path: Path, cluster: Cluster) -> None:
    """A node that joined since the last question is found, but questions keep a pause."""
    (node,) = cluster.node_ids
    asked = cluster_at(tmp_path, address_of(cluster)[1])
    found = await asyncio.gather(*(asked.addresses_of(node) for _ in range(3)))
    refreshed_at = asked._refreshed_at
    with pytest.raises(UpstreamError, match=rf"has no node 7 \(it has: {node}\)"):
        await asked.addresses_of(7)

    assert found == [(address_of(cluster),)] * 3
    assert asked._refreshed_at == refreshed_at


async def test_a_node_without_a_port_is_reported(tmp_path: Path, cluster: Cluster) -> None:
    """Clients are not told of it, so the operator must be."""
    with structlog.testing.capture_logs() as lines:
        await cluster_at(tmp_path, address_of(cluster)[1], first_node_id=0).refresh()

    assert [line["nodes"] for line in lines if line["event"] == "node_unmapped"] == [
        list(cluster.node_ids)
    ]


async def test_a_dead_bootstrap_broker_is_passed_over(tmp_path: Path, cluster: Cluster) -> None:
    """One broker that answers is enough, and the nodes it names are dialled as well."""
    asked = cluster_at(tmp_path, 1, address_of(cluster)[1])
    await asked.refresh()
    found = await cluster_at(tmp_path, 1).addresses_of(None)
    asked._options = config_for(tmp_path, upstream=[1]).upstream

    assert found == (("127.0.0.1", 1),)
    assert await asked.addresses_of(None) == (("127.0.0.1", 1), address_of(cluster))


async def test_topic_ids_are_named(tmp_path: Path, cluster: Cluster) -> None:
    """A topic's id leads to its name; an id that no topic has leads nowhere."""
    asked = cluster_at(tmp_path, address_of(cluster)[1])
    name = f"named-{secrets.token_hex(4)}"
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap})
    admin.create_topics([NewTopic(name, 1, 1)])[name].result(10)
    described = admin.describe_topics(TopicCollection([name]))[name].result(10)
    topic_id = urlsafe_b64decode(f"{described.topic_id}==")

    assert await asked.topic_names([topic_id, b"\xff" * 16]) == {topic_id: name}


async def test_the_cluster_is_asked_again_soon_after_a_failure(
    tmp_path: Path, cluster: Cluster
) -> None:
    """A gateway that was started first finds its cluster by itself, and logs both."""
    asked = cluster_at(tmp_path, 1)
    with structlog.testing.capture_logs() as lines:
        keeping = asyncio.create_task(asked.keep_fresh())
        await eventually(lambda: len(lines) == 1)
        asked._options = config_for(tmp_path, upstream=[address_of(cluster)[1]]).upstream
        await eventually(lambda: asked.nodes != {})
        await asyncio.sleep(0.05)
        keeping.cancel()

    assert [line["event"] for line in lines][:2] == ["upstream_unreachable", "upstream_found"]


async def test_a_broker_that_is_too_old_is_named(tmp_path: Path) -> None:
    """The reason is one that the operator can do something about."""
    body = default_body(ApiKey.API_VERSIONS, 0, response=True)
    body["api_keys"] = [{"api_key": ApiKey.METADATA, "min_version": 0, "max_version": 8}]
    answer = frame(encode_response(Response(correlation_id=1, body=body), ApiKey.API_VERSIONS, 0))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await reader.read()

    async with peer(serve) as port:
        with pytest.raises(UpstreamError, match=r"up to version 8; version 12 \(Kafka 3.1\)"):
            await cluster_at(tmp_path, port).refresh()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "closed the connection: does its port want TLS or SASL"),
        (b"HTTP/1.1 400 Bad Request\r\n", "is the port that of a Kafka broker"),
        (b"\x15\x03\x03\0\x02\x02P", "is the other side set to TLS"),
        (b"\xff\xff\xff\xff", "a frame announces -1 bytes"),
        (b"\0\0\0\x04\0\0\0\x01", "api_keys|bytes|missing|end"),
        (None, "TimeoutError"),
    ],
)
async def test_a_peer_that_is_no_broker_is_named(
    tmp_path: Path, answer: bytes | None, reason: str
) -> None:
    """Whatever answers on a bootstrap port, the gateway says where and what, and goes on."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)

    async with peer(serve) as port:
        with pytest.raises(UpstreamError, match=f"127.0.0.1:{port}: .*({reason})"):
            await cluster_at(tmp_path, port).refresh()


async def test_an_unreachable_cluster_is_logged_once(tmp_path: Path) -> None:
    """The gateway keeps asking without filling the log."""
    cluster = cluster_at(tmp_path, 1)
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            with pytest.raises(UpstreamError):
                await cluster.refresh()

    assert [line["event"] for line in lines] == ["upstream_unreachable"]


@pytest.mark.parametrize("is_ended", [True, False], ids=["cancelled", "failed"])
async def test_a_question_outlives_who_asked(tmp_path: Path, *, is_ended: bool) -> None:
    """A shutdown amid a question leaves no error behind that nobody looks at."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))

    async def close(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await asyncio.sleep(0.05)

    async with peer(close) as port:
        cluster = cluster_at(tmp_path, port)
        asking = asyncio.create_task(cluster.refresh())
        await asyncio.sleep(0.01)
        asking.cancel()
        assert cluster._refresh is not None
        if is_ended:
            cluster._refresh.cancel()
        await asyncio.wait([asking, cluster._refresh])
    del asking, cluster
    gc.collect()

    assert complaints == []


async def test_every_bootstrap_address_is_tried(tmp_path: Path) -> None:
    """The error lists each broker that was tried."""
    with pytest.raises(UpstreamError, match=r"127.0.0.1:1: .*; 127.0.0.1:2: "):
        await cluster_at(tmp_path, 1, 2).refresh()


async def test_an_unknown_node_is_refused_clearly(tmp_path: Path) -> None:
    """A connection to a node that the cluster does not have learns what there is."""
    cluster = cluster_at(tmp_path, 1)
    with pytest.raises(UpstreamError):
        await cluster.addresses_of(7)
    with pytest.raises(UpstreamError, match=r"has no node 7 \(it has: none yet\)"):
        await cluster.addresses_of(7)


async def test_the_bootstrap_port_leads_to_the_bootstrap_brokers(tmp_path: Path) -> None:
    """Before anything is known, the configured brokers are the ones to dial."""
    assert await cluster_at(tmp_path, 1, 2).addresses_of(None) == (
        ("127.0.0.1", 1),
        ("127.0.0.1", 2),
    )


async def test_topics_stay_unnamed_when_nobody_answers(tmp_path: Path) -> None:
    """A failed question about names is no name, and is logged."""
    with structlog.testing.capture_logs() as lines:
        assert await cluster_at(tmp_path, 1).topic_names([b"1" * 16]) == {}

    assert lines[0]["event"] == "topics_unresolved"
