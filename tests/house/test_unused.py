"""Nothing is kept that nothing uses."""

from __future__ import annotations

import ast
import re
from collections import Counter

from tests.house.tree import PACKAGES, ROOT, FunctionNode, files, modules, report

# Used by tests alone, each with the reason why it is no part of the tests. The list only shrinks.
FOR_TESTS = {
    "decode_request": "the whole of what can be decoded; the session reads header and body apart",
    "read_journal": "reads a journal file whole; the sealer follows files while they grow",
    "host_fields": "lets the tests demand that no address field of any message is missed",
}

WORD = re.compile(r"\w+")


def _words() -> Counter[str]:
    """Count every word outside the tests: in code, notebooks and what starts programs."""
    paths = [
        *files(*PACKAGES, "tools", "benchmarks", suffixes=(".py", ".js", ".html", ".j2")),
        *files("notebooks", suffixes=(".ipynb",)),
        ROOT / "pyproject.toml",
    ]
    return Counter(word for path in paths for word in WORD.findall(path.read_text("utf-8")))


def _defined() -> dict[str, str]:
    """Give the functions and classes on the level of a module, and where they are."""
    return {
        node.name: module.at(node.lineno)
        for module in modules(*PACKAGES)
        for node in module.tree.body
        if isinstance(node, FunctionNode | ast.ClassDef)
        and not node.decorator_list
        and not node.name.startswith("__")
    }


def test_every_function_and_class_is_used() -> None:
    """What only tests use is code for nobody."""
    words = _words()
    problems = [
        f"{place}: nothing uses {name}: remove it with its tests"
        for name, place in _defined().items()
        if words[name] == 1 and name not in FOR_TESTS
    ]

    assert not problems, report(problems)


def test_every_exception_from_use_is_still_needed() -> None:
    """An exception for what is used, or gone, would hide a later one."""
    words, defined = _words(), _defined()
    needless = [
        f"tests/house/test_unused.py:1: {name} needs no exception: delete its line"
        for name in FOR_TESTS
        if name not in defined or words[name] > 1
    ]

    assert not needless, report(needless)
