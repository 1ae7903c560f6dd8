"""A PostgreSQL server of the tests' own, which ends with them."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 60


def _program(name: str) -> str:
    """Find a program of the server, which Debian keeps apart from what users call."""
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    found = max(map(str, versions), default=None) or shutil.which(name)
    assert found is not None, "install PostgreSQL: ./run test does"
    return found


def _run(program: str, *arguments: str) -> None:
    # The server refuses to run as root; its package brings a user for that.
    user = "postgres" if os.geteuid() == 0 else None
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    subprocess.run(
        [_program(program), *arguments],
        user=user,
        env=environment,
        cwd="/",
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=START_SECONDS,
    )


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run a server in a folder whose path is short; give the address of an empty database.

    It listens at a socket in that folder and nowhere else.
    """
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    place = str(folder / "db")
    options = ["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"]
    _run("initdb", "-D", place, *options)
    settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
    _run("pg_ctl", "-D", place, "-w", "-l", f"{place}/log", "-o", settings, "start")
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        _run("pg_ctl", "-D", place, "-m", "immediate", "stop")
