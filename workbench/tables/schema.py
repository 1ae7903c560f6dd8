"""What a table's schema is: a name, what a row stands for, and each column's meaning."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type, and what a value means."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    meaning: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name, what a row is, and its columns in order."""

    name: str
    row: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pl.Schema:
        """The column types as Polars knows them."""
        return pl.Schema({column.name: column.dtype for column in self.columns})
