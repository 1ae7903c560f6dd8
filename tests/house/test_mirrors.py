"""Tests stand where their module says, and say what must hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.house.tree import PACKAGES, ROOT, Module, modules, report

# Modules without a test file of their own, each with what tests it instead. The list may only
# shrink: an entry that is not needed any more fails too.
TESTED_ELSEWHERE: dict[str, str] = {}


def _has_behaviour(module: Module) -> bool:
    """Say whether there is something to test: names, values and protocols do nothing."""
    return any(
        not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Constant)
        for function in module.functions()
        for statement in function.body
    )


def mirror(path: Path) -> Path:
    """Tell where a module's tests belong."""
    if path.stem == "__init__":
        return Path("tests") / path.parent.parent / f"test_{path.parent.name}.py"
    return Path("tests") / path.parent / f"test_{path.stem.strip('_')}.py"


def without_mirror() -> dict[str, Path]:
    """Give the modules without a test file, each with the file that it lacks."""
    lacking = {
        module.path.as_posix(): mirror(module.path)
        for module in modules(*PACKAGES)
        if _has_behaviour(module)
    }
    return {path: wanted for path, wanted in lacking.items() if not (ROOT / wanted).is_file()}


def test_every_module_has_its_test_file() -> None:
    """Who changes `gateway/x/y.py` finds its tests in `tests/gateway/x/test_y.py`."""
    problems = [
        f"{path}:1: has no {wanted}: write it"
        for path, wanted in without_mirror().items()
        if path not in TESTED_ELSEWHERE
    ]

    assert not problems, report(problems)


def test_every_exception_is_still_needed() -> None:
    """The list of modules without a test file only shrinks."""
    needless = [
        f"tests/house/test_mirrors.py: {path} needs no exception: delete its line"
        for path in TESTED_ELSEWHERE
        if path not in without_mirror()
    ]

    assert not needless, report(needless)


def test_every_test_says_what_must_hold() -> None:
    """A test's docstring is the sentence that a reader of a failure needs."""
    problems = [
        f"{module.at(function.lineno)}: {function.name} has no docstring: "
        "say in a sentence what must hold"
        for module in modules("tests")
        for function in module.functions()
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]

    assert not problems, report(problems)


def test_tests_are_free_functions() -> None:
    """Nothing is shared through a class; what tests need they ask for by fixtures."""
    problems = [
        f"{module.at(node.lineno)}: class {node.name} holds tests: make them functions"
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef)
        and any(getattr(each, "name", "").startswith("test_") for each in node.body)
    ]

    assert not problems, report(problems)


def test_every_test_can_fail() -> None:
    """A test asserts, expects an error, or finishes a script that does."""
    problems = [
        f"{module.at(function.lineno)}: {function.name} checks nothing: assert what must hold"
        for module in modules("tests")
        for function in module.functions()
        if function.name.startswith("test_") and not _checks(function)
    ]

    assert not problems, report(problems)


def _checks(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and _name(node.func) in {"raises", "finish", "fail"})
        or (isinstance(node, ast.Call) and _name(node.func).startswith(("assert_", "check_")))
        for node in ast.walk(function)
    )


def _name(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_nothing_is_imported_for_mocking() -> None:
    """`monkeypatch` sets a limit or a clock for a test; what stands in for a part is no test."""
    problems = [
        f"{module.at(node.lineno)}: {ast.unparse(node)}: test the real thing, or use monkeypatch"
        for module in modules("tests", "benchmarks", "tools")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        if "mock" in re.findall(r"\w+", ast.unparse(node))
    ]

    assert not problems, report(problems)


def test_no_test_is_skipped_or_mocked() -> None:
    """A skip hides a gap, and a mock passes whatever the real thing would do."""
    banned = {"skip", "skipif", "xfail", "importorskip", "Mock", "MagicMock", "AsyncMock", "mocker"}
    problems = [
        f"{module.at(node.lineno)}: {name}: test the real thing, or say what is missing and fail"
        for module in modules("tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute | ast.Name) and (name := _name(node)) in banned
        if isinstance(node, ast.Name) or ast.unparse(node.value).startswith(("pytest", "mock"))
    ]

    assert not problems, report(problems)
