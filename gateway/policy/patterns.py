"""Patterns over names: globs, and regular expressions in the syntax of RE2."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import translate
from typing import TYPE_CHECKING

import re2

if TYPE_CHECKING:
    from collections.abc import Callable

REGEX_PREFIX = "regex:"

EVERYTHING = "*"

_REGEX_MEMORY_BYTES = 1024 * 1024
"""What one expression may compile to, and use at a match; RE2's own default is 8 MiB."""


@dataclass(frozen=True, slots=True)
class Patterns:
    """Some patterns, any of which may match; `texts` are they as they were written.

    A text that begins with `regex:` is a regular expression that must match the whole name, every
    other one a case-sensitive glob. Raises ValueError.
    """

    texts: tuple[str, ...]
    _matchers: tuple[Callable[[str], object], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the texts once."""
        object.__setattr__(self, "_matchers", tuple(map(_compile, self.texts)))

    def match(self, name: str) -> bool:
        """Say whether a pattern matches a name."""
        return any(matcher(name) for matcher in self._matchers)

    @property
    def match_everything(self) -> bool:
        """Whether it is plain that no name is left out."""
        return EVERYTHING in self.texts


def _compile(text: str) -> Callable[[str], object]:
    if not text.startswith(REGEX_PREFIX):
        return re.compile(translate(text)).match
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _REGEX_MEMORY_BYTES
    try:
        compiled = re2.compile(text.removeprefix(REGEX_PREFIX), options)
    except re2.error as error:
        said: bytes = error.args[0]
        raise ValueError(f"is no regular expression of RE2: {said.decode()}") from None
    matcher: Callable[[str], object] = compiled.fullmatch
    return matcher
