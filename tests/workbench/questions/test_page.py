"""Frames and values are written as a reader expects, and never as HTML of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from workbench.questions.page import cell_text, table_html, verdict_html

NOON = datetime(2026, 3, 17, 12, 0, 0, 61_400, UTC)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ("", None),
        ("yes", True),
        ("no", False),
        ("1,234", 1234),
        ("2.50", 2.5),
        ("12,346", 12_345.6),
        ("2026-03-17 12:00:00.061Z", NOON),
        ("90.000 s", timedelta(seconds=90)),
        ("k-1", b"k-1"),
        ("0xfffe", b"\xff\xfe"),
        ("0x0a", b"\n"),
        ("a" * 48 + "…", b"a" * 60),
        ("a, b", ["a", "b"]),
        ("1, 2, 3, 4, 5, 6 and 2 more", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("text", "text"),
    ],
)
def test_values_are_written_for_people(expected: str, value: object) -> None:
    """Times in UTC, bytes as text where they are text, nothing for null."""
    assert expected == cell_text(value)


def test_a_table_says_how_many_rows_it_leaves_out() -> None:
    """Nothing is cut off silently."""
    html = table_html(pl.DataFrame({"offset": range(30)}), rows_shown=5)

    assert "5 of 30 rows shown" in html
    assert 6 == html.count("<tr>")


def test_a_table_without_rows_is_its_count() -> None:
    """A heading without rows looks like a mistake."""
    assert '<div class="sw-count">0 of 0 rows shown</div>' == table_html(pl.DataFrame({"a": []}))


def test_recorded_text_cannot_become_part_of_the_page() -> None:
    """A client id is whatever an intruder says, and intruders say <script>."""
    html = table_html(pl.DataFrame({"<b>": ["<script>alert(1)</script>"]}))

    assert "<script>" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html


def test_a_verdict_shows_what_it_covers_and_what_not() -> None:
    """Below the answer stands what it rests on, and no word of it becomes part of the page."""
    html = verdict_html(
        question="What did <eve> read?",
        answer="yes",
        proof="proof L2: was sent the bytes",
        because="<eve> & 2 more.",
        frame=pl.DataFrame({"topic": ["orders"]}),
        grounds={"recorded": ["Nothing of <eve>."], "not covered": []},
    )

    assert "<eve>" not in html
    assert "&lt;eve&gt; &amp; 2 more." in html
    assert '<span class="sw-proof">proof L2: was sent the bytes</span>' in html
    assert "<td>orders</td>" in html
    assert "<dt>recorded</dt><dd>Nothing of &lt;eve&gt;.</dd>" in html
    assert "not covered" not in html


def test_a_verdict_without_rows_or_proof_shows_neither() -> None:
    """An empty table would look like a mistake."""
    html = verdict_html(
        question="", answer="no", proof="", because="", frame=pl.DataFrame(), grounds={}
    )

    assert '<span class="sw-proof">' not in html
    assert "<table>" not in html
