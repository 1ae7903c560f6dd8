"""Examples in docstrings and pages run, and say what they show."""

from __future__ import annotations

import doctest
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

import workbench
from tests.house.tree import PACKAGES, ROOT, Module, files, modules, report

if TYPE_CHECKING:
    from pathlib import Path

PROMPT = ">>> "
# `...` in an expected output stands for anything.
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

WITH_EXAMPLES = [module for module in modules(*PACKAGES) if PROMPT in module.text]
PAGES = [
    page
    for page in [*files("docs", suffixes=(".md",)), *sorted(ROOT.glob("*.md"))]
    if PROMPT in page.read_text(encoding="utf-8")
]

# Names that are values or types: their modules show how to get one.
NEED_NO_EXAMPLE = frozenset({"Answer", "Archive", "BulkThresholds", "Proof", "Verdict"})


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=lambda module: str(module.path))
def test_examples_in_docstrings_run(module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader may copy any of them."""
    monkeypatch.setenv("COLUMNS", "100")
    name = ".".join(module.path.with_suffix("").parts).removesuffix(".__init__")
    result = doctest.testmod(import_module(name), optionflags=OPTIONS)

    assert result.attempted > 0
    assert 0 == result.failed, f"\n{module.path}:1: an example shows something else: mend it"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_in_pages_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page shows is what happens."""
    monkeypatch.setenv("COLUMNS", "100")
    result = doctest.testfile(str(page), module_relative=False, optionflags=OPTIONS)

    assert 0 == result.failed, f"\n{page.relative_to(ROOT)}:1: an example shows something else"


def test_every_public_function_has_an_example() -> None:
    """Who finds a function in the workbench can try it at once on the sample."""
    missing = [
        f"workbench/__init__.py:1: {name} has no example: show one in its docstring, on the sample"
        for name in workbench.__all__
        if name not in NEED_NO_EXAMPLE and PROMPT not in (getattr(workbench, name).__doc__ or "")
    ]

    assert not missing, report(missing)


def test_public_names_are_all_there() -> None:
    """`__all__` says what may be relied on; each name of it can be used."""
    missing = [
        f"workbench/__init__.py:1: {name} is in __all__ and cannot be imported: mend one of them"
        for name in workbench.__all__
        if getattr(workbench, name, None) is None
    ]

    assert not missing, report(missing)
    assert sorted(workbench.__all__, key=str.lower) == sorted(set(workbench.__all__), key=str.lower)
