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
from gateway.evidence.log.signing import create_key_file, load_signer
from gateway.witness.serve import serve
from gateway.witness.submit import submit
from tests.gateway.evidence.log.signed import RECORDER
from tests.gateway.witness.logs import GrowingLog

STREAMWITNESS = Path(sys.executable).with_name("streamwitness")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    """And remembers what it saw when it is started again."""
    create_key_file(tmp_path / "key")
    public = load_signer(tmp_path / "key", "w", is_cosigner=True).public
    log = GrowingLog(tmp_path / "gateway")
    for size in (3, 9):
        log.grow(size)
        address = f"127.0.0.1:{free_port()}"
        command = [str(STREAMWITNESS), "witness", "run", "--key", str(tmp_path / "key")]
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
        serve(key_file=tmp_path / "none", name="w", memory=tmp_path, log_keys=[], listen=listen)
