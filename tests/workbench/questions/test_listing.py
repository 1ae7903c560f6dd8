"""A listing shows a part, and says of how much."""

from __future__ import annotations

import polars as pl

from workbench.questions.listing import listing

FRAME = pl.DataFrame({"offset": range(30)})


def test_a_listing_counts_what_it_does_not_show() -> None:
    """Shown, matching, loaded."""
    shown = listing(FRAME.lazy().filter(pl.col("offset") > 4), of=FRAME, rows=3)

    assert "3 rows shown of 25 that match, 30 loaded" == shown.counts
    assert shown.counts in str(shown)
    assert shown.counts in shown._repr_html_()
    assert 4 == shown._repr_html_().count("<tr>")


def test_a_whole_frame_was_loaded_as_it_matches() -> None:
    """Twenty rows unless asked for others."""
    assert "20 rows shown of 30 that match, 30 loaded" == listing(FRAME).counts


def test_an_empty_listing_says_so() -> None:
    """Zero is a number that a reader looks for."""
    assert "0 rows shown of 0 that match" in listing(FRAME.clear())._repr_html_()
