"""The page shows what a notebook put out, and loads and runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
import pytest

from tests.workbench.report.notebooks import code, markdown
from workbench.report.manifest import Head, Manifest, Segment
from workbench.report.page import to_html

if TYPE_CHECKING:
    from nbformat import NotebookNode

MANIFEST = Manifest(
    notebook="n.ipynb",
    notebook_sha256="a" * 64,
    parameters={"name": "'<b>'"},
    soundness="damaged",
    faults=("the frame is <damaged>",),
    heads=(
        Head(
            origin="gateway-1",
            event_count=6596,
            last_sequence=6595,
            head_sha256="b" * 64,
            is_open=True,
        ),
    ),
    segments=(Segment(origin="gateway-1", name="0.arrow.zst", byte_count=12, sha256="c" * 64),),
    row_counts={"reads": 4112},
    versions={"python": "3"},
)


def page(*cells: dict[str, Any]) -> str:
    """Write a page of these cells."""
    notebook: NotebookNode = nbformat.from_dict(
        {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    )
    return to_html(notebook, MANIFEST)


def shown(data: dict[str, str]) -> dict[str, Any]:
    """Make a code cell that showed something."""
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    return code("show()") | {"outputs": [output]}


def said(text: str, name: str = "stdout") -> dict[str, Any]:
    """Make a code cell that printed something."""
    return code("say()") | {"outputs": [{"output_type": "stream", "name": name, "text": text}]}


@pytest.mark.parametrize(
    ("expected", "cell"),
    [
        ("<figure><svg>drawn</svg></figure>", shown({"image/svg+xml": "<svg>drawn</svg>"})),
        ('<div class="output"><b>x</b></div>', shown({"text/html": "<b>x</b>"})),
        ("base64,QUJD", shown({"image/png": "QU\nJD"})),
        ('<pre class="said">a &lt; b</pre>', shown({"text/plain": "a < b"})),
        ('<pre class="said">a &lt; b</pre>', said("a < b")),
        ("<pre>say()</pre>", said("")),
        ("<pre>a &lt; b</pre>", code("a < b")),
    ],
)
def test_outputs_are_shown_in_their_best_form(expected: str, cell: dict[str, Any]) -> None:
    """Pictures before markup, markup before text, and the code folded away."""
    assert expected in page(cell)


def test_a_picture_is_preferred_to_other_forms() -> None:
    """Each output once."""
    html = page(shown({"image/svg+xml": "<svg>1</svg>", "text/html": "two", "text/plain": "three"}))

    assert "<svg>1</svg>" in html
    assert "two" not in html
    assert "three" not in html


def test_prose_becomes_a_page_with_contents() -> None:
    """Its title is the first heading; sections can be jumped to."""
    html = page(markdown("# A <title>\n\nText with *stress*."), markdown("## First, then & now"))

    assert "<title>A &lt;title&gt;</title>" in html
    assert "<em>stress</em>" in html
    assert '<a href="#First,-then-&amp;-now">First, then &amp; now</a>' in html
    assert 'id="First,-then-&amp;-now"' in html


def test_what_is_for_the_notebook_only_stays_there() -> None:
    """A reader of the report cannot run the cells below."""
    html = page(markdown("Drag here.", "notebook-only"), markdown("Read here."))

    assert "Drag here." not in html
    assert "Read here." in html


def test_warnings_are_not_shown() -> None:
    """They name files and process numbers, and are for who writes notebooks."""
    assert "n.py:1: Warning" not in page(said("n.py:1: Warning", "stderr"))


def test_the_page_loads_nothing_and_runs_nothing() -> None:
    """And forbids both to whatever may stand in an output."""
    html = page(markdown("# A"), shown({"text/html": "<b>x</b>"}))
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

    assert f'content="{policy}" http-equiv="Content-Security-Policy"' in html
    assert 1 == html.count("<script")
    assert '<script id="manifest" type="application/json">' in html
    assert "http://" not in html
    assert "https://" not in html
    assert "url(" not in html


def test_the_manifest_is_shown_and_its_texts_are_only_text() -> None:
    """Whatever an intruder put into a name."""
    html = page(code("1"))

    assert all(letter * 64 in html for letter in "abc")
    assert '<strong class="damaged">damaged</strong>' in html
    assert "6,596 events in 1 segment" in html
    assert "still being written" in html
    assert "4,112 rows" in html
    assert "the frame is &lt;damaged&gt;" in html
    assert "<b>" not in html
