"""Versity's S3 gateway, a real S3 server whose Object Lock holds: built once from its Go module."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

VERSION = "v1.8.0"
PACKAGE = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"
CACHE = Path(__file__).parents[2] / ".cache"
BUILD_SECONDS = 280


@cache
def program() -> Path:
    """Return the server's program; Go builds it when it does not exist yet."""
    built = CACHE / f"versitygw-{VERSION}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "versitygw.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            _build(built)
    return built


def _build(target: Path) -> None:
    # The extra `dev` brings Go as a package; a system's own is often too old.
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    go = shutil.which("go", path=folders)
    if go is None:
        raise RuntimeError("tests with object storage need Go: install streamwitness[dev]")
    arriving = CACHE / "versitygw.arriving"
    environment = {**os.environ, "GOBIN": str(arriving), "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    command = [go, "install", "-trimpath", "-ldflags=-s -w", PACKAGE]
    subprocess.run(command, env=environment, timeout=BUILD_SECONDS, check=True)
    (arriving / "versitygw").rename(target)
    shutil.rmtree(arriving)


if __name__ == "__main__":
    program()
