"""What the gateway itself asks the cluster: where the nodes are, and how topics are named."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.server.dialing import Dialer, DialError
from gateway.server.log import LogEvent
from gateway.wire.api_keys import ApiKey
from gateway.wire.errors import WireError
from gateway.wire.frames import frame
from gateway.wire.headers import RequestHeader
from gateway.wire.messages import (
    api_versions,
    decode_response,
    default_body,
    encode_request,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from structlog.typing import FilteringBoundLogger

    from gateway.config.model import Config
    from gateway.server.dialing import Address, BrokerLink
    from gateway.session.topology import Topology
    from gateway.wire.readers import Body

CLIENT_ID = "streamwitness"
# An unknown node makes the gateway ask at most this often, whoever connects to however many ports.
REFRESH_PAUSE_SECONDS = 1.0
RETRY_SECONDS_MAX = 10.0
# Metadata carries topic ids, and takes them in place of names, from this version on (KIP-516).
TOPIC_ID_VERSION = 12


class UpstreamError(Exception):
    """The cluster could not be asked, or does not have what was asked for."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster's own account of itself."""

    cluster_id: str | None
    nodes: dict[int, Address]


class UpstreamCluster:
    """Keeps the nodes' addresses fresh, and answers questions of sessions."""

    def __init__(self, config: Config, topology: Topology, log: FilteringBoundLogger) -> None:
        self._options = config.upstream
        self.dialer = Dialer(config.upstream)
        self._listeners = config.listeners
        self._topology = topology
        self._log = log
        self._cluster: Cluster | None = None
        self._is_reachable = True
        self._refresh: asyncio.Task[None] | None = None
        self._refreshed_at = float("-inf")

    @property
    def nodes(self) -> dict[int, Address]:
        """The nodes of the newest answer; empty before the first."""
        return self._cluster.nodes if self._cluster else {}

    async def keep_fresh(self) -> None:
        """Refresh for ever, soon after a failure and at the configured pace otherwise."""
        retry_seconds = 0.25
        while True:
            try:
                await self.refresh()
            except UpstreamError:
                retry_seconds = min(retry_seconds * 2, RETRY_SECONDS_MAX)
                await asyncio.sleep(retry_seconds)
            else:
                retry_seconds = 0.25
                await asyncio.sleep(self._options.refresh_ms / 1000)

    async def refresh(self) -> None:
        """Ask for the nodes now, or join a question under way; raises UpstreamError."""
        if self._refresh is None or self._refresh.done():
            self._refresh = asyncio.create_task(self._ask_for_nodes())
            self._refresh.add_done_callback(_look_at_outcome)
        await asyncio.shield(self._refresh)

    async def addresses_of(self, node_id: int | None) -> tuple[Address, ...]:
        """Tell where a node listens, or for None where any node of the cluster may.

        An unknown node is asked for once; raises UpstreamError when the cluster does not have it.
        """
        if node_id is None:
            known = tuple(self.nodes.values())
            return self._options.addresses + tuple(sorted(set(known) - {*self._options.addresses}))
        if node_id not in self.nodes and self._may_ask():
            await self.refresh()
        address = self.nodes.get(node_id) or self._topology.brokers.address_of(node_id)
        if address is None:
            known_ids = ", ".join(map(str, sorted(self.nodes))) or "none yet"
            raise UpstreamError(f"the cluster has no node {node_id} (it has: {known_ids})")
        return (address,)

    async def topic_names(self, topic_ids: Sequence[bytes]) -> dict[bytes, str]:
        """Name topic ids; those that the cluster does not know, or does not tell, are left out."""
        body = default_body(ApiKey.METADATA, TOPIC_ID_VERSION, response=False)
        body["topics"] = [{"topic_id": topic_id, "name": None} for topic_id in topic_ids]
        body["allow_auto_topic_creation"] = False
        try:
            answer = await self._ask_any(body)
        except UpstreamError as error:
            self._log.warning(LogEvent.TOPICS_UNRESOLVED, count=len(topic_ids), reason=str(error))
            return {}
        return {
            topic["topic_id"]: topic["name"]
            for topic in answer["topics"]
            if topic["error_code"] == 0 and topic["name"]
        }

    def _may_ask(self) -> bool:
        if self._refresh is not None and not self._refresh.done():
            return True
        return asyncio.get_running_loop().time() - self._refreshed_at >= REFRESH_PAUSE_SECONDS

    async def _ask_for_nodes(self) -> None:
        self._refreshed_at = asyncio.get_running_loop().time()
        body = default_body(ApiKey.METADATA, TOPIC_ID_VERSION, response=False)
        # An empty list asks for no topic; null would ask for all of them.
        body["topics"] = []
        body["allow_auto_topic_creation"] = False
        try:
            answer = await self._ask_any(body)
        except UpstreamError as error:
            if self._is_reachable:
                self._log.error(LogEvent.UPSTREAM_UNREACHABLE, reason=str(error))
            self._is_reachable = False
            raise
        nodes = {each["node_id"]: (each["host"], each["port"]) for each in answer["brokers"]}
        self._learn(Cluster(answer["cluster_id"], nodes))

    def _learn(self, cluster: Cluster) -> None:
        for node_id, (host, port) in cluster.nodes.items():
            self._topology.brokers.learn(node_id, host, port)
        if cluster != self._cluster or not self._is_reachable:
            shown = {str(node): f"{host}:{port}" for node, (host, port) in cluster.nodes.items()}
            self._log.info(LogEvent.UPSTREAM_FOUND, cluster_id=cluster.cluster_id, nodes=shown)
            self._warn_of_unmapped(cluster)
        self._cluster = cluster
        self._is_reachable = True

    def _warn_of_unmapped(self, cluster: Cluster) -> None:
        for listener in self._listeners:
            addresses = listener.addresses
            unmapped = sorted(node for node in cluster.nodes if addresses.address_of(node) is None)
            if unmapped:
                self._log.error(LogEvent.NODE_UNMAPPED, listener=listener.name, nodes=unmapped)

    async def _ask_any(self, body: Body) -> Body:
        failures = []
        for address in await self.addresses_of(None):
            try:
                return await self._ask(address, body)
            except DialError as error:
                failures.append(str(error))
            except (OSError, TimeoutError, WireError) as error:
                reason = str(error) or type(error).__name__
                failures.append(f"{address[0]}:{address[1]}: {reason}")
        raise UpstreamError("; ".join(failures))

    async def _ask(self, address: Address, body: Body) -> Body:
        async with asyncio.timeout(self._options.request_timeout_ms / 1000):
            link = await self.dialer.dial(address)
            try:
                return await _metadata(link, body)
            finally:
                link.abort()


def _look_at_outcome(refresh: asyncio.Task[None]) -> None:
    """Leave nothing for the loop to complain of: whoever asked may be gone by the time it fails."""
    if not refresh.cancelled():
        refresh.exception()


async def _metadata(link: BrokerLink, body: Body) -> Body:
    """Ask one Metadata question at the newest version that both sides know."""
    offered = await _exchange(link, ApiKey.API_VERSIONS, 0, {})
    broker_max = _version_max(offered["api_keys"], ApiKey.METADATA)
    version = min(broker_max, api_versions()[ApiKey.METADATA].version_max)
    if version < TOPIC_ID_VERSION:
        raise WireError(
            f"the broker offers Metadata up to version {broker_max}; "
            f"version {TOPIC_ID_VERSION} (Kafka 3.1) is the least the gateway works with"
        )
    return await _exchange(link, ApiKey.METADATA, version, body)


def _version_max(offered: Iterable[Body], api_key: int) -> int:
    return max((api["max_version"] for api in offered if api["api_key"] == api_key), default=-1)


async def _exchange(link: BrokerLink, api_key: ApiKey, version: int, body: Body) -> Body:
    header = RequestHeader(
        api_key=api_key, api_version=version, correlation_id=1, client_id=CLIENT_ID, tags={}
    )
    answer = await link.ask(frame(encode_request(header, body)))
    return decode_response(answer, api_key, version).body
