"""Modules fit a look, functions fit a screen, and nothing is nested or called beyond reading."""

from __future__ import annotations

import ast
from statistics import median, quantiles
from typing import TYPE_CHECKING

import pytest

from tests.house.tree import CODE, PACKAGES, FunctionNode, modules, report

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULE_LINES_MAX = {"gateway": 400, "workbench": 300, "tests": 600, "tools": 400, "benchmarks": 400}

FUNCTION_LINES_MAX = 60
FUNCTION_LINES_P95 = 35
FUNCTION_LINES_MEDIAN = 8
PARAMETERS_MAX = 6
NESTING_MAX = 4

BLOCKS = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Try,
    ast.TryStar,
    ast.Match,
)


def _line_count(function: FunctionNode) -> int:
    """Count a function's lines, its docstring and decorators left out."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def _parameter_count(function: FunctionNode) -> int:
    """Count the named parameters; a row of values of one kind, `*fields`, is none of them."""
    named = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([each for each in named if each.arg not in {"self", "cls"}])


def _depth(nodes: list[ast.stmt]) -> int:
    return max((_depth_of(node) for node in nodes), default=0)


def _depth_of(node: ast.stmt) -> int:
    if isinstance(node, FunctionNode | ast.ClassDef) or not isinstance(node, BLOCKS):
        return 0
    return max(_depth(body) + (0 if is_elif else 1) for body, is_elif in _bodies(node))


def _bodies(node: ast.stmt) -> Iterator[tuple[list[ast.stmt], bool]]:
    """Yield the bodies of a block; an `elif` stands beside its `if`, not inside it."""
    if isinstance(node, ast.Match):
        yield from ((case.body, False) for case in node.cases)
        return
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, [])
        is_elif = name == "orelse" and isinstance(node, ast.If) and _is_elif(body)
        yield body, is_elif
    for handler in getattr(node, "handlers", []):
        yield handler.body, False


def _is_elif(body: list[ast.stmt]) -> bool:
    return len(body) == 1 and isinstance(body[0], ast.If)


def test_modules_fit_a_look() -> None:
    """A module beyond the limit holds two ideas."""
    problems = [
        f"{module.path}:1: {lines} lines, at most {MODULE_LINES_MAX[module.package]}: "
        "move one of its ideas into a module of its own"
        for module in modules(*CODE)
        if (lines := module.text.count("\n")) > MODULE_LINES_MAX[module.package]
    ]

    assert not problems, report(problems)


def test_functions_fit_a_screen() -> None:
    """What is longer cannot be read at once."""
    problems = [
        f"{module.at(function.lineno)}: {function.name} has {lines} lines, "
        f"at most {FUNCTION_LINES_MAX}: name its steps and make them functions"
        for module in modules(*CODE)
        for function in module.functions()
        if (lines := _line_count(function)) > FUNCTION_LINES_MAX
    ]

    assert not problems, report(problems)


@pytest.mark.parametrize("package", PACKAGES)
def test_most_functions_are_short(package: str) -> None:
    """Half of a package's functions are read at a glance, and nearly all without scrolling."""
    sized = sorted(
        (
            (_line_count(function), f"{module.at(function.lineno)}: {function.name}")
            for module in modules(package)
            for function in module.functions()
        ),
        reverse=True,
    )
    counts = [count for count, _ in sized]
    longest = [f"{place} has {count} lines: shorten it" for count, place in sized[:10]]

    assert median(counts) <= FUNCTION_LINES_MEDIAN, report(longest)
    assert quantiles(counts, n=20)[-1] <= FUNCTION_LINES_P95, report(longest)


def test_functions_take_few_parameters() -> None:
    """More belong together in a frozen class with a name."""
    problems = [
        f"{module.at(function.lineno)}: {function.name} takes {count} parameters, "
        f"at most {PARAMETERS_MAX}: put those that belong together into a frozen dataclass"
        for module in modules(*CODE)
        for function in module.functions()
        if (count := _parameter_count(function)) > PARAMETERS_MAX
        # What silences ruff's own rule has a reason beside it, and counts among the few.
        and "# noqa: PLR0913" not in module.text.splitlines()[function.lineno - 1]
    ]

    assert not problems, report(problems)


def test_blocks_are_not_nested_deeply() -> None:
    """Deeper than this nobody knows which condition they are under."""
    problems = [
        f"{module.at(function.lineno)}: {function.name} is nested {depth} deep, "
        f"at most {NESTING_MAX}: return early, or make the inner block a function"
        for module in modules(*CODE)
        for function in module.functions()
        if (depth := _depth(function.body)) > NESTING_MAX
    ]

    assert not problems, report(problems)
