"""Tables: what was recorded, as lazy Polars frames with declared schemas.

A **schema** (schema, schemas) says what a row and each column mean. *Frames* (frames) are the rows
of the segments without their payload, and the records in it; every table is one function of them.
Questions and charts take `Tables`, whoever holds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import polars as pl


class Tables(Protocol):
    """Whatever has the nine tables; workbench.tables.schemas declares each one's columns."""

    @property
    def sessions(self) -> pl.LazyFrame:
        """One row per client connection."""

    @property
    def exchanges(self) -> pl.LazyFrame:
        """One row per request."""

    @property
    def produced(self) -> pl.LazyFrame:
        """One row per topic-partition of a Produce request."""

    @property
    def delivered(self) -> pl.LazyFrame:
        """One row per topic-partition whose records one answer brought to a client."""

    @property
    def records(self) -> pl.LazyFrame:
        """One row per record of a recorded batch."""

    @property
    def reads(self) -> pl.LazyFrame:
        """One row per record delivered to one client once."""

    @property
    def commits(self) -> pl.LazyFrame:
        """One row per offset committed for a group."""

    @property
    def admin(self) -> pl.LazyFrame:
        """One row per administrative, group or transaction request."""

    @property
    def gaps(self) -> pl.LazyFrame:
        """One row per thing that is damaged, missing, undecodable or unknown."""
