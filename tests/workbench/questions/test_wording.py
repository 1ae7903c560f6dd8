"""Numbers are written with their nouns, and the strongest proof is found."""

from __future__ import annotations

import polars as pl
import pytest

from tests.workbench.frames import Frames
from workbench.questions.verdict import Proof
from workbench.questions.wording import HIDDEN, count_of, strongest


@pytest.mark.parametrize(
    ("expected", "number", "nouns"),
    [
        ("0 records", 0, ("record",)),
        ("1 record", 1, ("record",)),
        ("1,200 records", 1200, ("record",)),
        ("2 deliveries", 2, ("delivery", "deliveries")),
    ],
)
def test_a_number_agrees_with_its_noun(expected: str, number: int, nouns: tuple[str, ...]) -> None:
    """Sentences are read by people."""
    assert expected == count_of(number, *nouns)


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
