"""Open a database of approvals, and bring it to the newest version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

if TYPE_CHECKING:
    from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}

BUSY_MS = 10_000

# Any number; gateways that start together take turns under it.
_MIGRATION_LOCK = 7_305_114_886


def check_url(address: str) -> str:
    """Give the address with its driver; raises ValueError for what cannot be a database."""
    try:
        url = make_url(address)
    except ArgumentError:
        raise ValueError(f"{address!r} is no address: write sqlite:///FILE") from None
    if url.drivername not in DRIVERS:
        raise ValueError(
            f"{url.drivername} is not supported: use sqlite:///FILE or postgresql://USER@HOST/NAME"
        )
    if url.drivername == "sqlite" and not url.database:
        raise ValueError("approvals must outlive the gateway: name a file, sqlite:///FILE")
    return url.set(drivername=DRIVERS[url.drivername]).render_as_string(hide_password=False)


def open_engine(address: str) -> AsyncEngine:
    """Open a database, without a connection yet; every commit to it is durable."""
    engine = create_async_engine(check_url(address))
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_up_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


async def migrate(engine: AsyncEngine) -> None:
    """Bring the database to the newest version; does nothing where it is."""
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)


def _set_up_sqlite(connection: AsyncAdapt_aiosqlite_connection, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # A transaction that reads first and writes then would fail when another wrote in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("version_locations", str(Path(__file__).parent / "versions"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    # Alembic calls `upgrade` of each version that the database lacks.
    with EnvironmentContext(
        config,
        script,
        fn=lambda revision, _: script._upgrade_revs("head", revision),  # noqa: SLF001 - as Alembic's own command does
    ) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
