"""Bundles of tests: files written into a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

NO_CARDS = "rules: [{id: no-cards, effect: deny, apis: [FETCH], topics: [cards*]}]\n"


def write_bundle(folder: Path, **files: str) -> Path:
    """Write files of a bundle; `tests__x` stands for tests/x.yaml."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
