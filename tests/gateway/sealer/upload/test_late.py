"""An uploader ends when it is told to, also when the bucket does not let it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from gateway.evidence.bucket.location import Location
from gateway.evidence.lock import FileLock
from gateway.sealer.upload.options import encode_uploader
from tests.gateway.sealer.upload.uploads import seal, uploader_options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

# The uploader's process with less patience.
PROGRAM = """
import runpy
from gateway.sealer.upload import late
late.LATE_SECONDS = 1.0
runpy.run_module("gateway.sealer.upload", run_name="__main__", alter_sys=True)
"""


@contextmanager
def never_ending() -> Iterator[str]:
    """Answer a request byte by byte, as long as somebody reads."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        with suppress(OSError):
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nA: ")
                while True:
                    connection.sendall(b"a")
                    time.sleep(0.1)

    thread = threading.Thread(target=answer)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def test_an_uploader_that_the_bucket_holds_ends_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that something is left, and lets the next one in."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "none")
    seal(tmp_path)
    with never_ending() as url:
        options = uploader_options(tmp_path, Location(bucket="held", endpoint=url, region="here"))
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, encode_uploader(options)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    FileLock(tmp_path / "journal" / "uploader.lock", what="is free").release()

    assert 1 == done.returncode
    assert ["upload_unfinished"] == [json.loads(each)["event"] for each in done.stderr.splitlines()]
