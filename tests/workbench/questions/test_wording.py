"""The strongest proof is found, and hidden records are marked."""

from __future__ import annotations

import polars as pl

from tests.workbench.frames import Frames
from workbench.questions.verdict import Proof
from workbench.questions.wording import HIDDEN, strongest


def test_the_strongest_proof_is_the_highest_level() -> None:
    """One re-published record says more than a thousand delivered ones."""
    levels = pl.DataFrame({"proof_level": ["L2", "L4", "L3"]})

    assert Proof.REPUBLISHED == strongest(levels)
    assert strongest(levels.clear()) is None


def test_records_that_a_library_hides_are_marked() -> None:
    """Below the requested offset, or of an aborted transaction: the bytes arrived all the same."""
    frames = Frames()
    frames.connect("s1", "eve")
    frames.give("s1", "orders", 0, ["a", "b", "c"], requested=1)
    hidden = frames.tables.reads.filter(HIDDEN).collect()

    assert [0] == hidden["offset"].to_list()
