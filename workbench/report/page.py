"""The page: an executed notebook and its manifest as HTML without scripts or links to elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from nbconvert.exporters import HTMLExporter

from workbench.questions.page import STYLE, cell_text

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from workbench.report.manifest import Manifest

_FOLDER: Final = Path(__file__).parent
_HEADING: Final = re.compile(r"^(#{1,2}) (.+)$", re.MULTILINE)


def to_html(notebook: NotebookNode, manifest: Manifest) -> str:
    """Write the page."""
    exporter = HTMLExporter(
        template_name="template", extra_template_basedirs=[str(_FOLDER)], filters=_FILTERS
    )
    resources = {"report": {"manifest": manifest, "style": STYLE, **_headings(notebook)}}
    page, _ = exporter.from_notebook_node(notebook, resources=resources)
    return str(page)


def _headings(notebook: NotebookNode) -> dict[str, object]:
    """Collect the title, and the sections with the places that nbconvert gives them."""
    found = [
        match.groups()
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for match in _HEADING.finditer(cell.source)
    ]
    titles = [text for level, text in found if level == "#"]
    sections = [text for level, text in found if level == "##"]
    return {"title": titles[0] if titles else "Report", "sections": sections}


_FILTERS: Final = {"anchor": lambda text: text.replace(" ", "-"), "cell_text": cell_text}
