"""A listing: the first rows of a frame, with how many there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from workbench.questions.page import STYLE, table_html

if TYPE_CHECKING:
    from polars import DataFrame, LazyFrame

_ROWS_SHOWN = 20


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Rows to show, and how many match and were loaded."""

    shown: pl.DataFrame
    matched: int
    loaded: int

    def __str__(self) -> str:
        return f"{self.shown}\n{self.counts}"

    @property
    def counts(self) -> str:
        """The three numbers in words."""
        return (
            f"{self.shown.height:,} rows shown of {self.matched:,} that match, "
            f"{self.loaded:,} loaded"
        )

    def _repr_html_(self) -> str:
        table = table_html(self.shown, rows_shown=self.shown.height, count=self.counts)
        return f'<style>{STYLE}</style><div class="sw">{table}</div>'


def listing(
    matching: LazyFrame | DataFrame,
    *,
    of: LazyFrame | DataFrame | None = None,
    rows: int = _ROWS_SHOWN,
) -> Listing:
    """List the first rows; `of` is what was loaded, where `matching` is a part of it.

    >>> import polars as pl
    >>> from workbench.questions.listing import listing
    >>> frame = pl.DataFrame({"offset": range(30)})
    >>> listing(frame.filter(pl.col("offset") > 4), of=frame, rows=3).counts
    '3 rows shown of 25 that match, 30 loaded'
    """
    frame = matching.lazy()
    matched = _count(frame)
    return Listing(
        frame.head(rows).collect(), matched, matched if of is None else _count(of.lazy())
    )


def _count(frame: LazyFrame) -> int:
    return int(frame.select(pl.len()).collect().item())
