"""How notebooks show charts: without a network, as a live chart or as a still picture."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

import altair as alt
import vl_convert

RENDERER: Final = "streamwitness-svg"
# The other entries of a chart's menu open a page of its makers and hand the data to it.
_ACTIONS: Final = {"export": True, "source": False, "compiled": False, "editor": False}
_EMBED_OPTIONS: Final = {"renderer": "svg", "actions": _ACTIONS}
_IDENTIFIER: Final = re.compile(r'\bid="([^"]+)"')


def offline(*, static: bool = False) -> None:
    """Let Altair draw charts with what is installed, live, or `static` as SVG.

    Call it once at the top of a notebook: left alone, Altair loads scripts from the internet.

    >>> from workbench.charts.display import offline
    >>> offline(static=True)
    """
    if static:
        alt.renderers.register(RENDERER, _render)
        alt.renderers.enable(RENDERER)
    else:
        alt.JupyterChart.enable_offline()
        # As SVG, axes and marks are text that can be searched, read aloud and tested.
        alt.renderers.enable("jupyter", offline=True, embed_options=_EMBED_OPTIONS)


def to_svg(spec: dict[str, Any]) -> str:
    """Draw a Vega-Lite specification; equal ones give equal text, in any process.

    >>> from workbench.charts.display import to_svg
    >>> to_svg({"mark": "point", "data": {"values": [{}]}}).startswith("<svg")
    True
    """
    version = alt.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=version)
    digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:10]
    return with_own_ids(drawn, digest)


def with_own_ids(svg: str, prefix: str) -> str:
    """Number the identifiers of a picture anew.

    Vega counts them through the life of its process, and two pictures of one page must not share
    any.
    """
    known: dict[str, str] = {}
    for name in _IDENTIFIER.findall(svg):
        known.setdefault(name, f"{prefix}-{len(known)}")
    if not known:
        return svg
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    uses = re.compile(rf'(\bid="|#)({names})(?=["\')])')
    return uses.sub(lambda match: match[1] + known[match[2]], svg)


def _render(spec: dict[str, Any], **_options: object) -> dict[str, str]:
    return {"image/svg+xml": to_svg(spec)}
