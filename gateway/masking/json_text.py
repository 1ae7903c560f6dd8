"""JSON by the bytes: what is not masked stays as it was written, spaces and digits included."""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Final

from gateway.masking import json_reference
from gateway.masking.methods import JSON_INTEGER_MAX, Null

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.masking.counts import Counts
    from gateway.masking.json_reference import Edit
    from gateway.masking.paths import Leaf, State


def _fastest() -> Callable[[bytes, State], list[Edit]]:
    """Choose the compiled scanner, which is there where a compiler was; both do the same."""
    try:
        kernel = import_module("gateway.masking.json_kernel")
    except ImportError:
        return json_reference.find_values
    compiled: Callable[[bytes, State], list[Edit]] = kernel.find_values
    return compiled


find_values: Final = _fastest()

_ZERO: Final = {"{": b"{}", "[": b"[]", "t": b"false", "f": b"false", "n": b"null"}
"""What stands for a value that is redacted, by the first character of what it was."""


def mask_json(text: bytes, begin: State, counts: Counts) -> bytes:
    """Return the text with its masked values replaced; raises UndecodableError."""
    edits = find_values(text, begin)
    if not edits:
        return text
    parts: list[bytes] = []
    position = 0
    for start, end, leaf in edits:
        parts += text[position:start], replacement(text[start:end], leaf)
        position = end
        counts.add(leaf)
    parts.append(text[position:])
    return b"".join(parts)


def replacement(value: bytes, leaf: Leaf) -> bytes:
    """Give the bytes that stand in place of a JSON value."""
    method = leaf.method
    if isinstance(method, Null):
        return b"null"
    first = chr(value[0])
    if first in _ZERO:
        return _ZERO[first]
    if first == '"':
        # What was written with escapes may be half of a character, which only escapes can hold.
        return json.dumps(method.of_text(json.loads(value))).encode()
    return json.dumps(method.of_number(value.decode(), JSON_INTEGER_MAX)).encode()
