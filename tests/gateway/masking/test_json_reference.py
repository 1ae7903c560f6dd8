"""The scanner in plain Python and the compiled one agree on every text."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from gateway.masking.errors import UndecodableError
from gateway.masking.json_reference import DEPTH_MAX, find_values
from gateway.masking.methods import Redact
from gateway.masking.paths import compile_paths, parse_path
from tests.gateway.masking.documents import random_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.masking.json_reference import Edit
    from gateway.masking.paths import State

    Finder = Callable[[bytes, State], list[Edit]]

PATHS = ("$.card.number", "$..email", "$.items[*]", "$.a[1].*", "$['é']", "$..['\"']")
IS_THOROUGH = bool(os.environ.get("STREAMWITNESS_THOROUGH"))
DOCUMENT_COUNT = 200_000 if IS_THOROUGH else 5_000
BYTES = b'{}[],:"\\0 1e.-+utnEx\xff\x00\xc3\n'


def _found(find: Finder, content: bytes, begin: State) -> list[Edit] | str:
    try:
        return find(content, begin)
    except UndecodableError as error:
        return str(error)


def test_values_are_found_in_their_order() -> None:
    """Each with its place in the bytes."""
    content = b'{"x":[1],"items":[ "a", {"b":2}]}'
    begin = compile_paths([(parse_path("$.items[*]"), Redact())])

    assert [b'"a"', b'{"b":2}'] == [content[a:b] for a, b, _ in find_values(content, begin)]


@pytest.mark.parametrize("seed", range(5))
def test_both_agree_on_random_documents(compiled: Finder, seed: int) -> None:
    """The same values in the same places, whole and with bytes changed, cut or put in."""
    chance = random.Random(seed)
    begin = compile_paths((parse_path(path), Redact()) for path in PATHS)
    for _ in range(DOCUMENT_COUNT // 5):
        content = random_text(chance).encode()
        at = chance.randrange(len(content))
        byte = bytes([chance.choice(BYTES)])
        for text in (
            content,
            content[:at],
            content[:at] + byte + content[at + 1 :],
            content[:at] + byte + content[at:],
        ):
            assert _found(find_values, text, begin) == _found(compiled, text, begin)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"1\x00",
        b'"',
        b'"\\',
        b'"\\u',
        b'"\\u12',
        b"t",
        b"nul",
        b"-",
        b"1.",
        b"1e",
        b"1e+",
        b"-01",
        b"[" * (DEPTH_MAX + 1),
        b"[" * DEPTH_MAX + b"]" * DEPTH_MAX,
        b'{"a":' * 500,
        b'{"\\u0065mail":1,"email":2}',
    ],
)
def test_both_agree_where_texts_end_too_early_or_go_too_far(
    compiled: Finder, content: bytes
) -> None:
    """The compiled one relies on the zero byte behind a bytes object."""
    begin = compile_paths((parse_path(path), Redact()) for path in PATHS)

    assert _found(find_values, content, begin) == _found(compiled, content, begin)
