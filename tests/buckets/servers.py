"""S3 servers for tests, each a process of its own on this machine, and buckets in them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.evidence.bucket.client import open_client
from gateway.evidence.bucket.location import Location
from tests.buckets.program import program
from tests.kafka.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "us-east-1"
ACCESS_KEY = "operator"
SECRET_KEY = "known-to-these-tests-alone"  # noqa: S105 - of a server that lives as long as a test
START_SECONDS = 30


@contextmanager
def credentials(access_key: str = ACCESS_KEY) -> Iterator[None]:
    """Give this process, and those that it starts, a server's credentials the usual way."""
    names = {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def versity(folder: Path) -> Iterator[str]:
    """Run the server whose locks hold, and yield its address."""
    port = free_ports(1)
    for name in ("objects", "versions", "metadata", "accounts"):
        (folder / name).mkdir()
    command: list[str | Path] = [program(), "--port", f"127.0.0.1:{port}", "--quiet"]
    command += ["--iam-dir", folder / "accounts", "posix", "--versioning-dir", folder / "versions"]
    # Without a sidecar it needs extended attributes, which some file systems for /tmp lack.
    command += ["--sidecar", folder / "metadata", folder / "objects"]
    secrets = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
    with _running(command, port, folder, secrets):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def moto(folder: Path) -> Iterator[str]:
    """Run a server whose locks do not hold, for attacks to win; and yield its address."""
    port = free_ports(1)
    program = Path(sys.executable).with_name("moto_server")
    with _running([program, "-H", "127.0.0.1", "-p", str(port)], port, folder, {}):
        yield f"http://127.0.0.1:{port}"


def new_bucket(endpoint: str, *, is_locked: bool = True, prefix: str = "evidence/one") -> Location:
    """Make a bucket of its own for a test, with Object Lock."""
    location = Location(
        bucket=f"archive-{uuid.uuid4().hex[:12]}", prefix=prefix, endpoint=endpoint, region=REGION
    )
    with open_client(location) as client:
        client.create_bucket(Bucket=location.bucket, ObjectLockEnabledForBucket=is_locked)
    return location


def forbid(location: Location, account: str, *actions: str) -> None:
    """Let an account do everything in a bucket but these actions."""
    everything = [f"arn:aws:s3:::{location.bucket}", f"arn:aws:s3:::{location.bucket}/*"]
    statements = [
        {"Effect": effect, "Principal": {"AWS": [account]}, "Action": acts, "Resource": everything}
        for effect, acts in (("Allow", ["s3:*"]), ("Deny", list(actions)))
    ]
    policy = {"Version": "2012-10-17", "Statement": statements}
    with open_client(location) as client:
        client.put_bucket_policy(Bucket=location.bucket, Policy=json.dumps(policy))


def add_account(endpoint: str, account: str) -> None:
    """Add an account, with the secret key that all have here."""
    command: list[str | Path] = [program(), "admin", "--endpoint-url", endpoint]
    command += ["--access", ACCESS_KEY, "--secret", SECRET_KEY, "create-user"]
    command += ["--access", account, "--secret", SECRET_KEY, "--role", "user"]
    subprocess.run(command, capture_output=True, check=True)


@contextmanager
def _running(
    command: list[str | Path], port: int, folder: Path, secrets: dict[str, str]
) -> Iterator[None]:
    with (
        (folder / "server.log").open("wb") as log,
        subprocess.Popen(
            command, env={**os.environ, **secrets}, stdout=log, stderr=subprocess.STDOUT
        ) as server,
    ):
        try:
            _wait_for(server, port, folder)
            yield
        finally:
            server.kill()


def _wait_for(server: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server did not start: {(folder / 'server.log').read_text()[-2000:]}")
