"""What the tables are made from: the frames of an archive's converted segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """The rows of all segments, one frame for each file of workbench.archive.files.

    Rows of one origin stand in the order of their sequence numbers as far as the archive has them
    so.
    """

    events: pl.LazyFrame
    batches: pl.LazyFrame
    records: pl.LazyFrame
    commits: pl.LazyFrame
    admin: pl.LazyFrame
    gaps: pl.LazyFrame
    damages: pl.LazyFrame
    """What was found damaged, as rows of the table of gaps."""
    origins: tuple[str, ...]
    has_lost_batch: bool
    """Whether some batch has its bytes in no block of its segment."""
    has_cut_batch: bool
    """Whether some answer ended within a batch."""
    relays: tuple[str, ...]
    """The principals that both sent records and were delivered some."""
