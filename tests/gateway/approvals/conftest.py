"""Databases for the tests of approvals: each test has one of its own, of each kind."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from gateway.approvals.migrate import migrate, open_engine
from tests.gateway.approvals.postgres import running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from sqlalchemy.ext.asyncio import AsyncEngine


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Run one PostgreSQL server for all tests of a process."""
    # The path of a socket is short.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    try:
        with running(folder) as address:
            yield address
    finally:
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'approvals.db'}"
    server = str(request.getfixturevalue("server"))
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
async def engine(address: str) -> AsyncIterator[AsyncEngine]:
    """Open a database at the newest version."""
    opened = open_engine(address)
    await migrate(opened)
    yield opened
    await opened.dispose()
