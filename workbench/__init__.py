"""The workbench: open an archive, ask who read what, and report it.

`open` (archive) verifies and loads; tables (tables) answer questions (questions), which charts
(charts), notebooks and reports (report) show.

>>> import workbench as wb
>>> archive = wb.open(wb.sample.path())
>>> archive.sessions.collect().height > 0
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.archive import open_archive as open  # noqa: A004 - wb.open reads as it should

__all__ = ["Archive", "open"]

# Where each name is; none is imported before it is used.
_NAMES: Final = {
    "Archive": ("workbench.archive", "Archive"),
    "open": ("workbench.archive", "open_archive"),
}
_MODULES: Final = frozenset({"charts", "questions", "report", "sample", "tables"})


def __getattr__(name: str) -> object:
    if name in _NAMES:
        module, attribute = _NAMES[name]
        return getattr(import_module(module), attribute)
    if name in _MODULES:
        return import_module(f"workbench.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
