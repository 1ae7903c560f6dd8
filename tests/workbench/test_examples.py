"""The examples in docstrings run, and every public function has one."""

from __future__ import annotations

import doctest
from importlib import import_module
from inspect import getdoc, isfunction
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import altair as alt
import pytest

import workbench

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = ("workbench.questions", "workbench.charts", "workbench.sample")


def module_names() -> list[str]:
    """List the modules whose examples are tested."""
    return ["workbench"] + [
        f"{package}.{module.name}"
        for package in PACKAGES
        for module in iter_modules([str(Path(*package.split(".")))])
    ]


@pytest.fixture(autouse=True)
def _renderer() -> Iterator[None]:
    """Leave Altair as it was: an example changes how it shows charts."""
    before = alt.renderers.active
    yield
    alt.renderers.enable(before)


@pytest.mark.parametrize("name", module_names())
def test_examples_say_what_happens(name: str) -> None:
    """Who copies one gets what it shows."""
    found = doctest.testmod(import_module(name))

    assert 0 == found.failed


def test_every_public_function_has_an_example() -> None:
    """The quickest way to learn what it is for."""
    functions = [getattr(workbench, name) for name in workbench.__all__]
    without = [
        function.__name__
        for function in functions
        if isfunction(function)
        and function.__module__.startswith(PACKAGES)
        and ">>>" not in (getdoc(function) or "")
    ]

    assert [] == without
