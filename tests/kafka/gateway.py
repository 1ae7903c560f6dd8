"""The gateway as its users run it: a process with a configuration file, in front of a cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from gateway.evidence.failpoints import VARIABLE
from gateway.identity.passwords import hash_password
from tests.kafka.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.kafka.cluster import Cluster

STREAMWITNESS = Path(sys.executable).with_name("streamwitness")
# Recovery waits up to a minute for the sealer of an earlier run.
WAIT_SECONDS = 90
# Room for a cluster that grows, and for a node that does not exist.
SPARE_NODES = 2
USER, PASSWORD = "alice", "alice's secret"
# A stop while clients are still connected should not cost each test ten seconds.
LIMITS = {"drain_seconds": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What differs between the gateways of the tests."""

    host: str = "127.0.0.1"
    advertised_host: str | None = None
    authentication: str | Mapping[str, object] = "none"
    """`none`, `plain` for the user of this file, or the whole section."""
    limits: Mapping[str, int] = field(default_factory=dict)
    forbid: tuple[Mapping[str, object], ...] = ()
    encryption: Mapping[str, object] | None = None
    listener: Mapping[str, object] = field(default_factory=dict)
    """More keys of the listener, and others in place of its own."""
    upstream: Mapping[str, object] = field(default_factory=dict)
    durability: Mapping[str, object] = field(default_factory=dict)
    """Keys of the gateway that say when an event counts as recorded."""
    access: Mapping[str, object] = field(default_factory=dict)
    """Keys that say who may do what, and what masking needs."""


class Gateway:
    """A gateway with its configuration, archive and log; it may run, and run again."""

    def __init__(self, folder: Path, cluster: Cluster, options: Options | None = None) -> None:
        options = options or Options()
        folder.mkdir(parents=True, exist_ok=True)
        self.archive = folder / "archive"
        self.journal = folder / "journal"
        self.log = folder / "gateway.log"
        self._first_node = min(cluster.nodes)
        self._node_count = max(cluster.nodes) - self._first_node + 1 + SPARE_NODES
        self.port = free_ports(1 + self._node_count, host=options.host)
        self.host = options.advertised_host or options.host
        self.process: subprocess.Popen[bytes] | None = None
        self.command: Sequence[str | Path] = [STREAMWITNESS]
        """What is started."""
        self._file = folder / "gateway.yaml"
        # JSON is YAML.
        self._file.write_text(json.dumps(self._configuration(cluster.bootstrap, options)))

    def _configuration(self, upstream: str, options: Options) -> dict[str, object]:
        listener: dict[str, object] = {
            "name": "clients",
            "host": options.host,
            "port": self.port,
            "nodes": {
                "first_port": self.port + 1,
                "first_node_id": self._first_node,
                "count": self._node_count,
            },
            "authentication": _authentication(options.authentication),
        }
        if options.advertised_host is not None:
            listener["advertised_host"] = options.advertised_host
        encryption = {} if options.encryption is None else {"encryption": options.encryption}
        return (
            encryption
            | {
                "instance": "live",
                "archive": str(self.archive),
                "journal": str(self.journal),
                "upstream": {"bootstrap": upstream.split(",")} | dict(options.upstream),
                "listeners": [listener | dict(options.listener)],
                "forbid": list(options.forbid),
                "limits": LIMITS | dict(options.limits),
            }
            | dict(options.durability)
            | dict(options.access)
        )

    @property
    def bootstrap(self) -> str:
        """Where clients begin."""
        return f"{self.host}:{self.port}"

    @property
    def ports(self) -> range:
        """All ports of the gateway."""
        return range(self.port, self.port + 1 + self._node_count)

    @property
    def nodes(self) -> dict[int, tuple[str, int]]:
        """Where clients are told that each node is."""
        return {
            self._first_node + n: (self.host, self.port + 1 + n) for n in range(self._node_count)
        }

    def start(self) -> None:
        """Start the process and wait until clients can work."""
        self.launch()
        self.wait_for("ready", times=len(self.lines("ready")) + 1)

    def launch(self, *, failpoint: str | None = None) -> None:
        """Start the process and do not wait; it dies at the failpoint, if one is given."""
        assert self.process is None, "a gateway is started once at a time"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self.command, "gateway", "run", "--config", self._file],
                env=os.environ | ({} if failpoint is None else {VARIABLE: failpoint}),
                stdout=log,
                stderr=log,
            )

    def lines(self, event: str) -> list[dict[str, object]]:
        """Return the log's lines about an event, of all runs."""
        # A line that is being written has no end yet.
        whole = self.log.read_text().splitlines(keepends=True) if self.log.exists() else []
        found = [json.loads(line) for line in whole if line.startswith("{") and line.endswith("\n")]
        return [line for line in found if line["event"] == event]

    def wait_for(self, event: str, *, times: int = 1) -> dict[str, object]:
        """Wait until an event has been logged so many times, and return the last."""
        deadline = time.monotonic() + WAIT_SECONDS
        while len(found := self.lines(event)) < times:
            assert time.monotonic() < deadline, self.log.read_text()
            if event == "ready" and self.process is not None:
                assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.02)
        return found[-1]

    def stop(self) -> None:
        """Stop as an operator does; the archive is complete afterwards."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_SECONDS) == 0, self.log.read_text()
        assert self.lines("defect") == []

    def kill(self) -> None:
        """End the process at once, without a chance to do anything; its sealer ends by itself."""
        assert self.process is not None, "only a running gateway can be killed"
        self.process.kill()
        self.process.wait()
        self.process = None

    def wait_for_death(self) -> int:
        """Wait until the process has ended by itself, and return its exit code."""
        assert self.process is not None, "only a running gateway can die"
        process, self.process = self.process, None
        try:
            return process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    def sealer(self) -> psutil.Process:
        """Return the running sealer's process."""
        return psutil.Process(int(str(self.lines("sealer_started")[-1]["pid"])))


@contextmanager
def running_gateway(
    folder: Path, cluster: Cluster, options: Options | None = None
) -> Iterator[Gateway]:
    """Run a gateway until the end of the block at the latest."""
    gateway = Gateway(folder, cluster, options)
    try:
        gateway.start()
        yield gateway
        gateway.stop()
    finally:
        if gateway.process is not None:
            gateway.kill()


def _authentication(kind: str | Mapping[str, object]) -> Mapping[str, object]:
    if not isinstance(kind, str):
        return kind
    if kind == "none":
        return {"type": "none"}
    user = {"name": USER, "password_hash": hash_password(PASSWORD)}
    return {"type": "plain", "allow_plaintext": True, "users": [user]}
