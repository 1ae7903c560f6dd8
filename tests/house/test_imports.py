"""Importing defines names and does nothing else; it is quick, and layers hold."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.house.tree import PACKAGES, ROOT, Module, modules, report

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKBENCH_SECONDS_MAX = 0.6

# What the workbench may know of the gateway, with all below it: docs/decisions/0001. Listed as
# allowed, so that what is not there yet is not allowed either.
OF_THE_GATEWAY = (
    "gateway.evidence",
    "gateway.wire.api_keys",
    "gateway.wire.errors",
    "gateway.wire.records",
)

# Run in a fresh interpreter: what the import of a package changes around it.
PROBE = """
import importlib, json, logging, os, signal, sys, threading, time, warnings
package = sys.argv[1]
touched = []
def watch(event, arguments):
    if event in {"socket.connect", "socket.bind", "subprocess.Popen", "os.system"}:
        touched.append(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        touched.append(f"open {arguments[0]}")
def state():
    return {
        "environment": dict(os.environ),
        "threads": [thread.name for thread in threading.enumerate()],
        "log handlers": [repr(handler) for handler in logging.getLogger().handlers],
        "exception hook": repr(sys.excepthook),
        "directory": os.getcwd(),
        "signals": [repr(signal.getsignal(n)) for n in (signal.SIGTERM, signal.SIGINT)],
        "warning filters": len(warnings.filters),
        "search path": list(sys.path),
    }
sys.dont_write_bytecode = True
sys.addaudithook(watch)
before, began = state(), time.perf_counter()
importlib.import_module(package)
seconds = time.perf_counter() - began
after = state()
touched += [name for name in before if before[name] != after[name]]
print(json.dumps({"touched": touched, "seconds": seconds, "pandas": "pandas" in sys.modules}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did: what it touched, how long it took, and whether pandas came along."""

    touched: list[str]
    seconds: float
    pandas: bool


def _import(package: str) -> Imported:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, package],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    *printed, found = done.stdout.splitlines()

    assert not printed, f"import {package} prints: {printed}"
    assert not done.stderr, f"import {package} prints: {done.stderr}"
    return Imported(**json.loads(found))


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_changes_nothing(package: str) -> None:
    """No module starts, opens, prints or sets anything; calls act, imports define."""
    touched = _import(package).touched

    assert [] == touched, f"\n{package}/__init__.py:1: importing it touches {touched}: call it"


def test_the_workbench_loads_quickly_and_without_pandas() -> None:
    """The first line of a notebook does not make its reader wait."""
    runs = [_import("workbench") for _ in range(3)]

    assert not any(run.pandas for run in runs)
    # The quickest of three: other work on the machine only makes an import slower.
    assert min(run.seconds for run in runs) < WORKBENCH_SECONDS_MAX, (
        "\nworkbench/__init__.py:1: import heavy modules where they are used"
    )


def test_layers_import_downwards() -> None:
    """The contracts of pyproject.toml hold: each package knows only what lies below it."""
    lint_imports = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([lint_imports], cwd=ROOT, capture_output=True, text=True, check=False)

    assert 0 == done.returncode, report(done.stdout.partition("Broken contracts")[2].splitlines())


def test_the_workbench_knows_evidence_of_the_gateway_and_little_else() -> None:
    """What reads evidence must go on reading it, whatever becomes of the gateway's own parts."""
    problems = [
        f"{module.at(line)}: {name} is the gateway's own: use {', '.join(OF_THE_GATEWAY)}"
        for module in modules("workbench")
        for line, name in _imported_names(module)
        if name.partition(".")[0] == "gateway"
        if not any(f"{name}.".startswith(f"{allowed}.") for allowed in OF_THE_GATEWAY)
    ]

    assert not problems, report(problems)


def _imported_names(module: Module) -> Iterator[tuple[int, str]]:
    """Yield every name that a module imports, anywhere in it, in full."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        if isinstance(node, ast.ImportFrom) and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def test_modules_do_no_work_when_imported() -> None:
    """On the level of a module stand definitions, values, and nothing that runs."""
    problems = [
        f"{module.at(node.lineno)}: runs when the module is imported: move it into a function"
        for module in modules(*PACKAGES)
        for node in _statements(module.tree)
        if isinstance(node, ast.For | ast.While | ast.With | ast.Try | ast.Delete)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
    ]

    assert not problems, report(problems)


def _statements(tree: ast.Module) -> Iterator[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.If):
            is_main = ast.unparse(node.test) == "__name__ == '__main__'"
            yield from () if is_main else node.body
        else:
            yield node
