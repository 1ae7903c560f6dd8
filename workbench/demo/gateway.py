"""The gateway of the demo: its configuration, its process, and the end that seals everything."""

from __future__ import annotations

import base64
import hashlib
import secrets
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import yaml

from workbench.demo.errors import DemoError
from workbench.demo.processes import LOOPBACK, Child, free_ports, start_on_free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workbench.demo.cast import Accounts
    from workbench.demo.cluster import Cluster
    from workbench.demo.folder import Folder

INSTANCE = "demo"
LISTENER = "clients"
RULE = "no-topic-deletion"
START_SECONDS = 60.0
SEAL_SECONDS = 120.0
# Runs this very installation's command line, wherever its scripts lie.
STREAMWITNESS = (sys.executable, "-c", "from gateway.cli import main; main()")
# The passwords are random, 192 bits each: guessing them is hopeless at any cost of a guess, so the
# hash need not be slow, and a login costs the demo one millisecond instead of a hundred.
HASH_COST_LOG2 = 6
HASH_BLOCK_SIZE = 8
SALT_BYTES = 16


@contextmanager
def recording_gateway(cluster: Cluster, accounts: Accounts, folder: Folder) -> Iterator[str]:
    """Run a gateway before a cluster and yield its address; on leaving, let it seal and end.

    Raises DemoError when it cannot start, or did not seal everything that it recorded.
    """
    gateway, bootstrap = start_on_free_ports(partial(_start, cluster, accounts, folder))
    try:
        yield bootstrap
    finally:
        exit_code = gateway.stop(seconds=SEAL_SECONDS)
    if exit_code != 0:
        raise DemoError(f"the gateway did not end well; its log is {gateway.log}")


def _start(cluster: Cluster, accounts: Accounts, folder: Folder) -> tuple[Child, str]:
    span = cluster.node_ids[-1] - cluster.node_ids[0] + 1
    port = free_ports(1 + span)
    content = configuration(cluster, accounts, port)
    folder.gateway_config.write_text(yaml.safe_dump(content, sort_keys=False))
    log = folder.log("gateway")
    command = [*STREAMWITNESS, "gateway", "run", "--config", str(folder.gateway_config)]
    gateway = Child("gateway", command, log)
    gateway.wait_until(partial(_is_ready, log), seconds=START_SECONDS)
    return gateway, f"{LOOPBACK}:{port}"


def configuration(cluster: Cluster, accounts: Accounts, port: int) -> dict[str, object]:
    """Write the gateway's configuration; the ports after the given one stand for the nodes."""
    users = [
        {"name": name, "password_hash": hash_random_password(password)}
        for name, password in accounts.passwords.items()
    ]
    listener = {
        "name": LISTENER,
        "host": LOOPBACK,
        "port": port,
        "nodes": {
            "first_port": port + 1,
            "first_node_id": cluster.node_ids[0],
            "count": cluster.node_ids[-1] - cluster.node_ids[0] + 1,
        },
        "authentication": {"type": "plain", "allow_plaintext": True, "users": users},
    }
    return {
        "instance": INSTANCE,
        "archive": "archive",
        "journal": "journal",
        "upstream": {"bootstrap": [cluster.bootstrap]},
        "listeners": [listener],
        "forbid": [{"id": RULE, "apis": ["DELETE_TOPICS"]}],
    }


def hash_random_password(password: str) -> str:
    """Hash a password of at least 128 random bits in the form that the configuration takes."""
    salt = secrets.token_bytes(SALT_BYTES)
    key = hashlib.scrypt(
        password.encode(), salt=salt, n=1 << HASH_COST_LOG2, r=HASH_BLOCK_SIZE, p=1, dklen=32
    )
    printable = [base64.b64encode(part).decode().rstrip("=") for part in (salt, key)]
    return f"scrypt$ln={HASH_COST_LOG2},r={HASH_BLOCK_SIZE},p=1${printable[0]}${printable[1]}"


def _is_ready(log: Path) -> bool:
    return '"event": "ready"' in log.read_text()
