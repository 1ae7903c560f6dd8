"""Only the bytes of masked values change, and no text that can be read in two ways passes."""

from __future__ import annotations

import os
import random
import re
from typing import TYPE_CHECKING

import pytest

from gateway.masking import json_text
from gateway.masking.counts import Counts
from gateway.masking.errors import UndecodableError
from gateway.masking.json_reference import DEPTH_MAX, find_values
from gateway.masking.json_text import mask_json
from gateway.masking.keys import Key
from gateway.masking.methods import Method, Null, Partial, Pseudonym, Redact
from gateway.masking.paths import State, compile_paths, parse_path
from tests.gateway.masking.documents import random_text, read, redacted, selected

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.masking.json_reference import Edit

PATHS = (
    ("$.card.number",),
    ("$..email", "$.items[*].number"),
    ("$.*", "$.a[1]"),
    ("$..card.number", "$..number.email", "$.items[0]"),
    ("$['é']..*", '$["q\\""]', "$['\\\\']", "$['']"),
    ("$",),
)

IS_THOROUGH = bool(os.environ.get("STREAMWITNESS_THOROUGH"))
DOCUMENT_COUNT = 40_000 if IS_THOROUGH else 3_000


@pytest.fixture(params=["reference", "compiled"], autouse=True)
def _scanner(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    compiled: Callable[[bytes, State], list[Edit]],
) -> None:
    """Hold every sentence here of both scanners."""
    chosen = compiled if request.param == "compiled" else find_values
    monkeypatch.setattr(json_text, "find_values", chosen)


def _masks(*paths: str, method: Method | None = None) -> State:
    return compile_paths((parse_path(path), method or Redact()) for path in paths)


def _masked(text: str, *paths: str, method: Method | None = None) -> str:
    return mask_json(text.encode(), _masks(*paths, method=method), Counts()).decode()


def test_all_else_stays_as_it_was_written() -> None:
    """Spaces, digits, escapes and the order of keys belong to whoever wrote them."""
    text = ' { "b":1.10,"card" :{"number": "4111","x":1e400},  "n":12345678901234567890123}\n'
    expected = text.replace('"4111"', '"[redacted]"')

    assert expected == _masked(text, "$.card.number")


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ('"[redacted]"', '"4111"'),
        ("0", "-1.5e3"),
        ("false", "true"),
        ("null", "null"),
        ("{}", '{"x": [1, {"y": 2}]}'),
        ("[]", "[[1], 2]"),
    ],
)
def test_a_redacted_value_keeps_its_type(expected: str, value: str) -> None:
    """A reader's schema goes on to hold."""
    assert f'{{"a":{expected}}}' == _masked(f'{{"a":{value}}}', "$.a")
    assert '{"a":null}' == _masked(f'{{"a":{value}}}', "$.a", method=Null())


def test_keys_written_with_escapes_are_found() -> None:
    """Otherwise a letter would be enough to pass a mask."""
    assert r'{"c\u0061rd":"[redacted]"}' == _masked(r'{"c\u0061rd":"4111"}', "$.card")


def test_parts_and_pseudonyms_are_of_what_a_text_means() -> None:
    """Not of how it is escaped."""
    method = Pseudonym(Key("customers", 1, bytes(32)))
    written, escaped = ('{"a":"größe"}', r'{"a":"gr\u00f6\u00dfe"}')

    assert _masked(written, "$.a", method=method) == _masked(escaped, "$.a", method=method)
    assert r'{"a":"****\u00dfe"}' == _masked(r'{"a":"12gr\u00dfe"}', "$.a", method=Partial(0, 2))


def test_a_masked_text_may_hold_half_a_character() -> None:
    """It is written with escapes again."""
    assert r'{"a":"****\ud83d"}' == _masked(r'{"a":"abcd\ud83d"}', "$.a", method=Partial(0, 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        '{"a":1} x',
        '{"a":1,"a":2}',
        r'{"a":1,"\u0061":2}',
        '{"a":NaN}',
        '{"a":Infinity}',
        '{"a":01}',
        '{"a":1.}',
        '{"a":+1}',
        '{"a":.5}',
        '{"a":"\\x"}',
        '{"a":"\\u12g4"}',
        '{"a":"\t"}',
        '{"a":1,}',
        '{"a":1',
        '{"a" 1}',
        "{a:1}",
        "{'a':1}",
        "[1,]",
        "[1 2]",
        '"open',
        "truth",
        '{"b":{"x":nul}}',
        "\ufeff{}",
        "/**/{}",
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    """Somebody's reader might find in it what was not masked."""
    with pytest.raises(UndecodableError):
        _masked(text, "$.a")


def test_equal_keys_off_the_path_pass() -> None:
    """They hide nothing that is masked."""
    text = '{"b":1,"b":{"a":2}}'

    assert text == _masked(text, "$.a")


@pytest.mark.parametrize(
    "content", [b'{"a":"\xff"}', b"\xef\xbb\xbf{}", '{"a":1}'.encode("utf-16")]
)
def test_bytes_that_are_no_utf8_text_are_refused(content: bytes) -> None:
    """Also within a string, and in another encoding of Unicode."""
    with pytest.raises(UndecodableError):
        mask_json(content, _masks("$.a"), Counts())


def test_a_refusal_does_not_quote() -> None:
    """What cannot be read may be what is to be hidden."""
    with pytest.raises(UndecodableError) as caught:
        _masked('{"a": 4111111111111111x}', "$.a")

    assert "4111" not in str(caught.value)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_depth_has_a_limit(opening: str) -> None:
    """A text of brackets must not exhaust the stack."""
    with pytest.raises(UndecodableError, match="200 levels"):
        _masked(opening * 100_000, "$.b")
    deep = "[" * DEPTH_MAX + "]" * DEPTH_MAX
    assert deep == _masked(deep, "$.a")


def test_values_are_counted_with_nulls() -> None:
    """So a count that is as high as the values found vouches for each of them."""
    counts = Counts()
    mask_json(b'[{"a":1},{"a":null},{"b":2},{"a":"x"}]', _masks("$[*].a"), counts)

    assert [("$[*].a", "redact", 3)] == counts.items()


@pytest.mark.parametrize("paths", PATHS)
def test_random_documents_are_masked_as_their_trees_are(paths: tuple[str, ...]) -> None:
    """Read by the standard library, a masked text is the tree with the selected values redacted."""
    chance = random.Random(len(paths) * 1_000 + len(paths[0]))
    masks = _masks(*paths)
    for _ in range(DOCUMENT_COUNT // len(PATHS)):
        text = random_text(chance)
        tree = read(text)
        places = set().union(*(selected(tree, parse_path(path)) for path in paths))
        masked = mask_json(text.encode(), masks, Counts())

        assert redacted(tree, places) == read(masked)


def test_untouched_bytes_are_identical_in_random_documents() -> None:
    """What lies between the edits is copied, byte for byte."""
    chance = random.Random(7)
    masks = _masks("$..number", "$.items[1]")
    for _ in range(DOCUMENT_COUNT // len(PATHS)):
        content = random_text(chance).encode()
        edits = find_values(content, masks)
        starts, ends = [0, *(end for _, end, _ in edits)], [start for start, _, _ in edits]
        kept = [content[start:end] for start, end in zip(starts, [*ends, None], strict=True)]
        pattern = rb"(?:\"\[redacted\]\"|0|false|null|{}|\[\])".join(map(re.escape, kept))

        assert re.fullmatch(pattern, mask_json(content, masks, Counts()), re.DOTALL)


def test_broken_documents_are_refused_as_a_strict_reader_does() -> None:
    """A byte changed at random: what the standard library refuses is never taken."""
    chance = random.Random(11)
    masks = _masks("$.card")
    refused = 0
    for _ in range(DOCUMENT_COUNT):
        content = bytearray(random_text(chance).encode())
        content[chance.randrange(len(content))] = chance.choice(b'{}[],:"\\0 e.-x\xff\x00')
        try:
            mask_json(bytes(content), masks, Counts())
        except UndecodableError:
            refused += 1
            continue
        read(bytes(content).decode())
    assert refused > DOCUMENT_COUNT // 10
