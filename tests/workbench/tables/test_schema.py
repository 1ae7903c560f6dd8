"""What a table's schema is."""

from __future__ import annotations

import polars as pl

from workbench.tables.schema import Column, Table

TABLE = Table(
    "cats", "one cat", (Column("name", pl.String, "its name"), Column("age", pl.Int64, "in years"))
)


def test_a_schema_has_the_columns_in_their_order() -> None:
    """Polars sees the names and types that are declared."""
    assert pl.Schema({"name": pl.String, "age": pl.Int64}) == TABLE.schema
