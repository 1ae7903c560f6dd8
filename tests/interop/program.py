"""The program that looks at our logs with the tools of others: built from its Go module."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).parent
CACHE = SOURCE.parents[1] / ".cache"
BUILD_SECONDS = 280


@cache
def program() -> Path:
    """Return the program; Go builds it when it has not built just this one yet."""
    sources = b"".join((SOURCE / name).read_bytes() for name in ("go.mod", "go.sum", "main.go"))
    built = CACHE / f"interop-{hashlib.sha256(sources).hexdigest()[:16]}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "interop.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            _build(built)
    return built


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run it."""
    command = [str(program()), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def _build(target: Path) -> None:
    # The extra `dev` brings Go as a package; a system's own is often too old.
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    go = shutil.which("go", path=folders)
    if go is None:
        raise RuntimeError("tests with the tools of others need Go: install streamwitness[dev]")
    arriving = target.with_suffix(".arriving")
    environment = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
    command = [go, "build", "-trimpath", "-ldflags=-s -w", "-buildvcs=false", "-o", str(arriving)]
    subprocess.run(command, cwd=SOURCE, env=environment, timeout=BUILD_SECONDS, check=True)
    arriving.rename(target)
