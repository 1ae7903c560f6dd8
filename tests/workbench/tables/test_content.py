"""The digest of a record's content."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from workbench.tables.content import content_digest

PARTS = st.none() | st.binary(max_size=4)
CONTENTS = st.tuples(PARTS, PARTS, st.lists(st.tuples(st.text(max_size=3), PARTS), max_size=3))


def test_the_digest_is_that_of_the_parts_with_their_lengths() -> None:
    """Anybody can compute it from the documented form."""
    plain = b"\x00\x00\x00\x01k" + b"\xff\xff\xff\xff" + b"\x00\x00\x00\x01"
    plain += b"\x00\x00\x00\x02id" + b"\x00\x00\x00\x00"

    assert hashlib.sha256(plain).digest() == content_digest(b"k", None, [("id", b"")])


def test_headers_may_be_left_out() -> None:
    """No headers are an empty list of them."""
    assert content_digest(b"k", b"v", []) == content_digest(b"k", b"v")


def test_names_that_are_no_text_count_as_their_bytes() -> None:
    """Header names keep what is not UTF-8 as surrogates; the digest is of the bytes."""
    name = b"\xff".decode(errors="surrogateescape")

    assert content_digest(b"k", b"v", [(name, None)]) != content_digest(b"k", b"v", [("?", None)])


@given(CONTENTS, CONTENTS)
def test_digests_are_equal_exactly_when_contents_are(
    one: tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]],
    other: tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]],
) -> None:
    """No two contents share their form: null is not empty, and no part runs into the next."""
    assert (one == other) == (content_digest(*one) == content_digest(*other))
