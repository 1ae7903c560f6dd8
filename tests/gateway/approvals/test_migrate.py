"""Opening a database, and bringing it up to date."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from gateway.approvals.migrate import check_url, migrate, open_engine
from gateway.approvals.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncEngine


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        ("sqlite:///a/b.db", "sqlite+aiosqlite:///a/b.db"),
        ("postgresql://u:p@h/db", "postgresql+asyncpg://u:p@h/db"),
    ],
)
def test_an_address_gets_its_driver(given: str, opened: str) -> None:
    """What is written in the configuration says nothing of drivers."""
    assert opened == check_url(given)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("nonsense", "is no address"),
        ("mysql://h/db", "mysql is not supported"),
        ("sqlite://", "must outlive the gateway"),
    ],
)
def test_another_address_is_refused(address: str, message: str) -> None:
    """The text says what to write."""
    with pytest.raises(ValueError, match=message):
        check_url(address)


async def test_the_newest_version_has_the_tables_that_the_code_expects(
    engine: AsyncEngine,
) -> None:
    """Whoever changes a table writes a step for databases that exist."""

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), METADATA))

    async with engine.connect() as connection:
        found = await connection.run_sync(differences)

    assert [] == found


async def test_gateways_that_start_together_take_turns(address: str) -> None:
    """One creates the tables, the others find them."""
    engines = [open_engine(address) for _ in range(3)]
    await asyncio.gather(*map(migrate, engines))
    async with engines[0].connect() as connection:
        versions = (await connection.execute(text("SELECT version_num FROM alembic_version"))).all()
    for engine in engines:
        await engine.dispose()

    assert [("0001",)] == [tuple(row) for row in versions]


async def test_a_file_is_written_ahead_and_synced(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A decision that was told is on the disk."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('db') / 'a.db'}")
    async with engine.connect() as connection:
        mode = (await connection.execute(text("PRAGMA journal_mode"))).scalar_one()
        synchronous = (await connection.execute(text("PRAGMA synchronous"))).scalar_one()
    await engine.dispose()

    assert ("wal", 2) == (mode, synchronous)
