"""Parameters as they are typed: NAME=VALUE, the value a Python literal or a text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workbench.report.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_parameters(texts: Iterable[str]) -> dict[str, object]:
    """Read parameters; raises ReportError for a text that is none."""
    return dict(_read(text) for text in texts)


def _read(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ReportError(f"{text!r} is no parameter: write NAME=VALUE")
    return name, _read_value(value)


def _read_value(text: str) -> object:
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value
