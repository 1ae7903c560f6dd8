"""The gateway's own questions to a cluster that misbehaves; tests/live asks a real one."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.server.upstream import UpstreamCluster, UpstreamError
from gateway.session.topology import Topology
from tests.gateway.server.peers import config_for, peer

if TYPE_CHECKING:
    from pathlib import Path


def cluster_at(folder: Path, *ports: int) -> UpstreamCluster:
    """Make the gateway's view of a cluster with these bootstrap ports."""
    return UpstreamCluster(config_for(folder, upstream=ports), Topology(), structlog.get_logger())


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "0 bytes read"),
        (b"HTTP/1.1 400 Bad Request\r\n", "is this a Kafka port without TLS"),
        (b"\xff\xff\xff\xff", "is this a Kafka port without TLS"),
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
