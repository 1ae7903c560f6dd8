"""JSON values as other readers may understand them: with every key that was written.

Parsers keep one of two equal keys, people flatten paths into keys, and JSON stands in strings. Who
asks whether a field was there must not miss it for that.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

FieldPath: TypeAlias = tuple[str | int, ...]


class Members(list[tuple[str, object]]):
    """The members of a JSON object, in their order, equal keys and all."""


def read_json(content: bytes | str) -> object:
    """Read a JSON text, objects as `Members`; raises ValueError and RecursionError."""
    value: object = json.loads(content, object_pairs_hook=Members)
    return value


def at_path(node: object, path: FieldPath) -> Iterator[object]:
    """Yield every value at a path: in each item of a list, and behind keys that hold dots."""
    if not path:
        yield node
        return
    step = path[0]
    if isinstance(node, Members):
        for taken, name in _flat_keys(path):
            for key, value in node:
                if key == name:
                    yield from at_path(value, path[taken:])
    elif isinstance(node, list) and isinstance(step, str):
        for item in node:
            yield from at_path(item, path)
    elif isinstance(node, list) and isinstance(step, int) and step < len(node):
        yield from at_path(node[step], path[1:])


def count_ends(node: object, path: FieldPath) -> int:
    """Count where a path ends in a null, or in a single value before its last step.

    A mask may have put these there.
    """
    if not path:
        return int(node is None)
    step = path[0]
    if isinstance(node, (dict, Members)):
        members = node if isinstance(node, Members) else node.items()
        inner = (
            (value, taken)
            for taken, name in _flat_keys(path)
            for key, value in members
            if key == name
        )
        return sum(count_ends(value, path[taken:]) for value, taken in inner)
    if isinstance(node, list) and isinstance(step, str):
        return sum(count_ends(item, path) for item in node)
    if isinstance(node, list) and isinstance(step, int):
        return count_ends(node[step], path[1:]) if step < len(node) else 0
    return 1


def has_objects(node: object) -> bool:
    """Say whether all of a value has fields, or there is nothing in it that could stand for one."""
    if node is None or isinstance(node, (dict, Members)):
        return True
    return isinstance(node, list) and all(map(has_objects, node))


def names_in(node: object) -> Iterator[str]:
    """Yield the name of each field of a value."""
    if isinstance(node, Members):
        for key, value in node:
            yield key
            yield from names_in(value)
    elif isinstance(node, list):
        for item in node:
            yield from names_in(item)


def to_text(node: object) -> str:
    """Write a value as JSON in ASCII, so that equal ones have equal texts."""
    return json.dumps(_plain(node), separators=(",", ":"))


def _flat_keys(path: FieldPath) -> Iterator[tuple[int, str]]:
    """Yield each key that the beginning of a path may be written as, and the steps it takes."""
    names: list[str] = []
    for taken, step in enumerate(path, start=1):
        if not isinstance(step, str):
            return
        names.append(step)
        yield taken, ".".join(names)


def _plain(node: object) -> object:
    if isinstance(node, Members):
        return {key: _plain(value) for key, value in node}
    if isinstance(node, list):
        return [_plain(item) for item in node]
    return node
