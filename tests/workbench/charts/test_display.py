"""Charts are drawn without a network, live or still, and a still one is the same everywhere."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import altair as alt
import pytest

from workbench.charts.display import RENDERER, offline, to_svg, with_own_ids

if TYPE_CHECKING:
    from collections.abc import Iterator

SPEC: dict[str, Any] = {
    "mark": {"type": "bar", "clip": True},
    "data": {"values": [{"a": 1, "b": 1_767_225_600_000}, {"a": 2, "b": 1_767_229_200_000}]},
    "encoding": {
        "x": {"field": "b", "type": "temporal", "scale": {"type": "utc"}},
        "y": {"field": "a", "type": "quantitative"},
        "color": {"field": "a", "type": "quantitative"},
    },
}


@pytest.fixture(autouse=True)
def _renderer() -> Iterator[None]:
    """Leave Altair as it was."""
    before = alt.renderers.active
    yield
    alt.renderers.enable(before)


def test_a_still_picture_is_the_same_in_any_process() -> None:
    """Whatever was drawn before, and in whatever zone."""
    script = f"from workbench.charts.display import to_svg\nprint(to_svg({SPEC!r}), end='')"
    elsewhere = subprocess.run(
        [sys.executable, "-c", script],
        env={"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    to_svg({"mark": "bar", "data": {"values": [{"x": 1}]}, "encoding": {"x": {"field": "x"}}})

    assert elsewhere == to_svg(SPEC) == to_svg(SPEC)


def test_two_pictures_of_one_page_share_no_identifier() -> None:
    """Else the second would be clipped as the first."""
    other = {**SPEC, "mark": {"type": "area", "clip": True}}
    first, second = (set(re.findall(r'\bid="([^"]+)"', to_svg(spec))) for spec in (SPEC, other))

    assert first
    assert second
    assert not first & second


def test_identifiers_are_renamed_where_they_are_used() -> None:
    """In every form of reference, and only there."""
    svg = (
        '<g id="clip1"><g id="clip12"/><use href="#clip12"/>'
        "<path clip-path=\"url(#clip1)\" fill='url(#clip12)'/><text>#clip1</text></g>"
    )
    expected = (
        '<g id="p-0"><g id="p-1"/><use href="#p-1"/>'
        "<path clip-path=\"url(#p-0)\" fill='url(#p-1)'/><text>#clip1</text></g>"
    )

    assert expected == with_own_ids(svg, "p")
    assert "<svg/>" == with_own_ids("<svg/>", "p")


def test_still_charts_are_shown_as_svg() -> None:
    """A report holds the picture, and no script."""
    offline(static=True)
    bundle = alt.Chart.from_dict(SPEC)._repr_mimebundle_()

    assert isinstance(bundle, dict)
    assert RENDERER == alt.renderers.active
    assert {"image/svg+xml"} == set(bundle) - {"text/plain"}
    assert bundle["image/svg+xml"].startswith("<svg")


def test_live_charts_bring_their_own_scripts() -> None:
    """Nothing is loaded from anywhere when a notebook shows one."""
    offline()

    assert "jupyter" == alt.renderers.active
    assert alt.renderers.options["offline"]
    assert not alt.renderers.options["embed_options"]["actions"]["editor"]
    assert "https://cdn" not in str(alt.JupyterChart._esm)[:2_000]
