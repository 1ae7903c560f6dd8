"""The table of administrative requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.tables.commits import answered_or_begun
from workbench.tables.schemas import ADMIN

if TYPE_CHECKING:
    import polars as pl

    from workbench.tables.frames import Frames


def admin(frames: Frames) -> pl.LazyFrame:
    """Make the table of administrative requests."""
    return answered_or_begun(frames.admin).select(ADMIN.schema.names())
