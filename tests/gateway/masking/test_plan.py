"""All masks on one topic become one plan, or are refused where they do not go together."""

from __future__ import annotations

import pytest

from gateway.masking.counts import Counts
from gateway.masking.errors import MaskError, UndecodableError
from gateway.masking.methods import Null, Partial, Redact
from gateway.masking.plan import JsonReader, Mask, TextReader, Undecodable, compile_plan

BLOCK = (Undecodable.BLOCK,)


def test_each_part_has_its_own_masks() -> None:
    """A path in the key is none in the value."""
    masks = [
        Mask(method=Redact(), path="$.a"),
        Mask(method=Null(), path="$.b"),
        Mask(method=Redact(), part="key", path="$.id"),
        Mask(method=Null(), part="header", header="x-email", is_text=True),
    ]
    plan = compile_plan(masks, BLOCK)
    counts = Counts()

    assert plan.value is not None
    assert plan.key is not None
    assert b'{"a":0,"b":null,"id":3}' == plan.value.mask(b'{"a":1,"b":2,"id":3}', counts)
    assert b'{"a":1,"id":0}' == plan.key.mask(b'{"a":1,"id":3}', counts)
    assert plan.headers[b"x-email"].mask(b"a@example.com", counts) is None
    assert [
        ("$.a", "redact", 1),
        ("$.b", "null", 1),
        ("header:x-email:$", "null", 1),
        ("key:$.id", "redact", 1),
    ] == counts.items()


def test_what_has_no_mask_is_left_alone() -> None:
    """Neither read nor copied."""
    plan = compile_plan([Mask(method=Redact(), part="header", header="h", is_text=True)], BLOCK)

    assert (None, None) == (plan.key, plan.value)


def test_the_strictest_way_with_the_unreadable_holds() -> None:
    """Of two rules the one that lets less pass."""
    masks = [Mask(method=Redact(), path="$.a")]
    ways = [Undecodable.REDACT_WHOLE, Undecodable.BLOCK, Undecodable.PASS_RECORDED]

    assert Undecodable.BLOCK is compile_plan(masks, ways).on_undecodable
    assert Undecodable.REDACT_WHOLE is compile_plan(masks, ways[::2]).on_undecodable


def test_a_text_is_masked_whole_by_the_stronger_method() -> None:
    """There are no fields in it."""
    texts = [
        Mask(method=Partial(0, 2), is_text=True),
        Mask(method=Partial(0, 4), is_text=True),
    ]
    reader = compile_plan(texts, BLOCK).value

    assert isinstance(reader, TextReader)
    assert "*****öß".encode() == reader.mask("12345öß".encode(), Counts())
    with pytest.raises(UndecodableError, match="UTF-8"):
        reader.mask(b"\xff", Counts())


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ([Mask(method=Redact(), path="$.a", is_text=True)], "leads into a text"),
        ([Mask(method=Null(), is_text=True)], "a meaning of its own"),
        ([Mask(method=Redact(), is_text=True), Mask(method=Redact())], "text to one rule"),
        ([Mask(method=Redact(), path="a")], "does not begin"),
    ],
)
def test_masks_that_make_no_sense_are_refused(masks: list[Mask], message: str) -> None:
    """When the policy is loaded, not at the first record."""
    with pytest.raises(MaskError, match=message):
        compile_plan(masks, BLOCK)


def test_what_a_schema_registry_framed_is_no_json() -> None:
    """Whatever stands behind the schema's number."""
    reader = compile_plan([Mask(method=Redact(), path="$.a")], BLOCK).value

    assert isinstance(reader, JsonReader)
    with pytest.raises(UndecodableError, match="registry"):
        reader.mask(b'\x00\x00\x00\x00\x01{"a":1}', Counts())
