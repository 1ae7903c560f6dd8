"""The source tree as the checks of this folder see it: its files, and the functions in them.

Files are found in the folders themselves, not asked of git, so that an unpacked archive is checked
like a clone.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]

PACKAGES = ("gateway", "workbench")
CODE = (*PACKAGES, "tests", "tools", "benchmarks")

NOT_OURS = frozenset({"__pycache__", ".ipynb_checkpoints", "node_modules", "out", "build", "dist"})

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file; `path` counts from the root of the repository."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The outermost folder, such as `gateway`."""
        return self.path.parts[0]

    def at(self, line: int) -> str:
        """Give a place as editors and terminals can follow it."""
        return f"{self.path}:{line}"

    def functions(self) -> Iterator[FunctionNode]:
        """Yield every function and method, those inside others too."""
        for node in ast.walk(self.tree):
            if isinstance(node, FunctionNode):
                yield node


def files(*folders: str, suffixes: Sequence[str] = ("",)) -> list[Path]:
    """List the files below folders that end in one of the suffixes, as full paths."""
    found = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
        and path.name.endswith(tuple(suffixes))
        and NOT_OURS.isdisjoint(path.relative_to(ROOT).parts)
        and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    ]
    return sorted(found)


@cache
def modules(*folders: str) -> tuple[Module, ...]:
    """Parse every Python file below folders."""
    parsed = []
    for path in files(*folders, suffixes=(".py",)):
        text = path.read_text(encoding="utf-8")
        parsed.append(Module(path.relative_to(ROOT), text, ast.parse(text, filename=str(path))))
    return tuple(parsed)


def report(problems: Sequence[str]) -> str:
    """Show problems one a line, below the assertion that failed."""
    return "\n" + "\n".join(problems)
