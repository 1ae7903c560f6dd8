"""Figures of the code that may only get better."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from typing import TYPE_CHECKING

import pytest

from tests.house.tree import CODE, Module, modules, report

if TYPE_CHECKING:
    from collections.abc import Iterator

# Assertions for each function, as measured. Raise a figure when it has become better, never lower
# it; 0.3 is enough.
ASSERTIONS_PER_FUNCTION = {"wire": 0.3, "session": 0.3, "evidence": 0.029}

SILENCED_PER_1000_LINES_MAX = 1.0

SILENCED = re.compile(r"#\s*(?:noqa|type:\s*ignore|pragma:\s*no (?:cover|branch))")
WITH_CODE_AND_REASON = re.compile(
    r"#\s*(?:noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|type:\s*ignore\[[\w,\s-]+\])\s*(?:#|-)\s*\w.*\w"
)


def _silenced(module: Module) -> Iterator[tuple[int, str]]:
    """Yield the comments that silence a tool, not texts that speak of such comments."""
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT and SILENCED.search(token.string):
            yield token.start[0], token.string


def test_what_silences_a_tool_names_the_rule_and_the_reason() -> None:
    """Anybody may doubt it later: which rule, and why not here?"""
    problems = [
        f"{module.at(line)}: {comment}: write `# noqa: CODE - reason`, "
        "or `# type: ignore[code] # reason`, or mend the code"
        for module in modules(*CODE)
        for line, comment in _silenced(module)
        if not WITH_CODE_AND_REASON.search(comment)
    ]

    assert not problems, report(problems)


def test_tools_are_silenced_rarely() -> None:
    """Code that a tool refuses is nearly always better written another way."""
    found = [module.at(line) for module in modules(*CODE) for line, _ in _silenced(module)]
    lines = sum(module.text.count("\n") for module in modules(*CODE))
    remedy = [f"{place}: mend the code instead" for place in found]

    assert len(found) <= lines * SILENCED_PER_1000_LINES_MAX / 1000, report(remedy)


@pytest.mark.parametrize("package", ASSERTIONS_PER_FUNCTION)
def test_invariants_are_asserted(package: str) -> None:
    """Asserts state what holds by our own doing; they may become more, not fewer."""
    nodes = [node for module in modules(f"gateway/{package}") for node in ast.walk(module.tree)]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assertions = [node for node in nodes if isinstance(node, ast.Assert)]
    measured = len(assertions) / len(functions)

    assert measured >= ASSERTIONS_PER_FUNCTION[package], (
        f"\ngateway/{package}:1: {measured:.3f} assertions a function: assert an invariant again"
    )
