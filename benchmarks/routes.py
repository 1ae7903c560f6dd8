"""The two routes to one cluster, direct and through a gateway, and what the gateway's cost is."""

from __future__ import annotations

import json
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING

import psutil
from confluent_kafka.admin import AdminClient

from gateway.evidence.encryption.recipients import create_identity
from tests.kafka.cluster import running_cluster
from workbench.demo.cluster import embedded_broker
from workbench.demo.gateway import STREAMWITNESS
from workbench.demo.processes import LOOPBACK, Child, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

START_SECONDS = 60.0
SEAL_SECONDS = 300.0
SAMPLE_SECONDS = 0.05
# An idle sealer looks at the journal twenty times a second.
IDLE_SECONDS = 0.5
IDLE_CPU_SECONDS = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way to reach the cluster."""

    name: str
    bootstrap: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    """CPU seconds that the gateway's two processes have used."""

    gateway: float
    sealer: float

    def __sub__(self, earlier: Cpu) -> Cpu:
        """Return what was used since an earlier moment."""
        return Cpu(gateway=self.gateway - earlier.gateway, sealer=self.sealer - earlier.sealer)


class GatewayProcesses:
    """The gateway and its sealer, watched while they work."""

    def __init__(self, pid: int, journal: Path) -> None:
        self._gateway = psutil.Process(pid)
        self._journal = journal
        (self._sealer,) = self._gateway.children()
        self._stop = Event()
        self._watch = Thread(target=self._watch_memory, daemon=True)
        self.gateway_rss_bytes_max = 0
        self.sealer_rss_bytes_max = 0
        self._watch.start()

    def cpu(self) -> Cpu:
        """Return the CPU seconds of both so far, once the sealer has nothing left to do."""
        self._wait_for_sealer()
        return Cpu(gateway=_cpu_seconds(self._gateway), sealer=_cpu_seconds(self._sealer))

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._watch.join()

    def _wait_for_sealer(self) -> None:
        """Wait until the sealer uses no more CPU than its polling costs."""
        used = _cpu_seconds(self._sealer)
        while True:
            time.sleep(IDLE_SECONDS)
            now = _cpu_seconds(self._sealer)
            if now - used <= IDLE_CPU_SECONDS:
                return
            used = now

    def _watch_memory(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            try:
                gateway, sealer = self._gateway.memory_info().rss, self._sealer.memory_info().rss
            except psutil.NoSuchProcess:
                return
            self.gateway_rss_bytes_max = max(self.gateway_rss_bytes_max, gateway)
            self.sealer_rss_bytes_max = max(self.sealer_rss_bytes_max, sealer)


@contextmanager
def cluster(folder: Path, *, broker: str | None, kafka: bool) -> Iterator[str]:
    """Yield the address of a cluster: the named one, a real Kafka, or the embedded broker."""
    with ExitStack() as stack:
        if broker is not None:
            yield broker
        elif kafka:
            # Fetched by Maven as for the tests: only who asks for it needs Java.
            yield stack.enter_context(running_cluster(folder / "kafka")).bootstrap
        else:
            yield stack.enter_context(embedded_broker(folder / "broker.log")).bootstrap


@contextmanager
def gateway(
    folder: Path,
    upstream: str,
    durability: Mapping[str, object] | None = None,
    *,
    is_encrypting: bool = False,
) -> Iterator[tuple[Route, GatewayProcesses]]:
    """Run a gateway without authentication before a cluster, and seal at the end."""
    nodes = sorted(AdminClient({"bootstrap.servers": upstream}).list_topics(timeout=30).brokers)
    count = nodes[-1] - nodes[0] + 1
    port = free_ports(1 + count)
    listener = {
        "name": "clients",
        "port": port,
        "nodes": {"first_port": port + 1, "first_node_id": nodes[0], "count": count},
        "authentication": {"type": "none"},
    } | dict(durability or {})
    configuration: dict[str, object] = {
        "instance": "benchmark",
        "archive": "archive",
        "journal": "journal",
        "upstream": {"bootstrap": [upstream]},
        "listeners": [listener],
    }
    if is_encrypting:
        recipient = create_identity(folder / "identity")
        configuration["encryption"] = {"keys": "keys", "recipients": [recipient]}
    file, log = folder / "gateway.yaml", folder / "gateway.log"
    # JSON is YAML.
    file.write_text(json.dumps(configuration))
    child = Child("gateway", [*STREAMWITNESS, "gateway", "run", "--config", str(file)], log)
    try:
        child.wait_until(lambda: '"event": "ready"' in log.read_text(), seconds=START_SECONDS)
        processes = GatewayProcesses(child.pid, folder / "journal")
        yield Route(name="gateway", bootstrap=f"{LOOPBACK}:{port}"), processes
        processes.close()
    finally:
        exit_code = child.stop(seconds=SEAL_SECONDS)
    if exit_code:
        sys.exit(f"the gateway ended with {exit_code}; its log is {log}")


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
