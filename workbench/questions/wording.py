"""What verdicts share: sentences, and the expressions behind them."""

from __future__ import annotations

from typing import Final

import polars as pl

from workbench.questions.verdict import Proof

HIDDEN: Final = pl.col("is_below_requested") | pl.col("is_aborted")
"""Bytes that reached the client, of records that its library does not show to the application."""

PASSED: Final = (
    "Assumes that every reader came through the gateway: a direct connection to a broker leaves "
    "no trace here."
)


def strongest(frame: pl.DataFrame) -> Proof | None:
    """Return the strongest proof in the column `proof_level`."""
    level = frame["proof_level"].max() if frame.height else None
    return None if level is None else Proof(str(level))
