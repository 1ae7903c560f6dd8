"""The first version of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import inspect

from gateway.approvals.versions import v0001_requests_and_votes as version

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine


async def test_it_brings_the_tables(engine: AsyncEngine) -> None:
    """Both are there, and whoever is first at a request is the only one."""
    async with engine.connect() as connection:
        tables = await connection.run_sync(lambda each: inspect(each).get_table_names())
        indexes = await connection.run_sync(lambda each: inspect(each).get_indexes("requests"))

    assert {"requests", "votes"} <= set(tables)
    assert ["one_open_request"] == [index["name"] for index in indexes if index["unique"]]


def test_it_is_the_first() -> None:
    """Each version names the one before it."""
    assert ("0001", None) == (version.revision, version.down_revision)
