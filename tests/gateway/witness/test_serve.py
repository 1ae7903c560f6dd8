"""A witness runs as a program of its own, from its key to its answers."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.evidence.errors import ArchiveError
from gateway.evidence.log.key_place import load_key
from gateway.evidence.log.signing import create_key_file
from gateway.witness.serve import serve
from gateway.witness.submit import submit
from tests.gateway.evidence.log.signed import RECORDER
from tests.gateway.evidence.log.softhsm import tokens
from tests.gateway.witness.logs import GrowingLog

STREAMWITNESS = Path(sys.executable).with_name("streamwitness")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@pytest.mark.parametrize("is_on_token", [False, True])
def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path, *, is_on_token: bool) -> None:
    """And remembers what it saw when it is started again; its key may lie on a token."""
    create_key_file(tmp_path / "key")
    key = tokens().uri() if is_on_token else str(tmp_path / "key")
    public = load_key(key, "w", is_cosigner=True).public
    log = GrowingLog(tmp_path / "gateway")
    for size in (3, 9):
        log.grow(size)
        address = f"127.0.0.1:{free_port()}"
        command = [str(STREAMWITNESS), "witness", "run", "--key", key]
        command += ["--name", "w", "--memory", str(tmp_path / "memory")]
        command += ["--log-key", RECORDER.public.vkey]
        with subprocess.Popen([*command, "--listen", address]) as process:
            for _ in range(200):
                try:
                    assert size == submit(log.folder, f"http://{address}", public)
                    break
                except OSError:
                    time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in {0, -signal.SIGTERM}


@pytest.mark.parametrize("listen", ["", "8443", "localhost:", "localhost:http"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, listen: str) -> None:
    """Before anything is opened."""
    with pytest.raises(ArchiveError, match="give HOST:PORT"):
        serve(key="none", name="w", memory=tmp_path, log_keys=[], listen=listen)
