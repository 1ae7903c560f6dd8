"""Timestamps are put in order before they are read, and no bytes bring that to its knees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.errors import ProofError
from gateway.evidence.log.der import with_ordered_certificates
from tests.gateway.evidence.log.openssl_ts import OpensslAuthority

if TYPE_CHECKING:
    from pathlib import Path


def sequence(*parts: bytes, tag: int = 0x30) -> bytes:
    """Write an element with others in it."""
    content = b"".join(parts)
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 + size]) + length.to_bytes(size, "big") + content


def reply(*certificates: bytes) -> bytes:
    """Write what has the form of a timestamp's outer shell."""
    signed = sequence(b"\x02\x01\x03", sequence(*certificates, tag=0xA0), sequence(tag=0x31))
    return sequence(sequence(), sequence(b"\x06\x01*", sequence(signed, tag=0xA0)))


def test_certificates_are_sorted_by_their_bytes() -> None:
    """Whatever their length, and nothing else moves."""
    long, short, other = sequence(b"z" * 300), sequence(b"b"), sequence(b"a")

    assert reply(other, short, long) == with_ordered_certificates(reply(long, short, other))
    assert reply(other, short) == with_ordered_certificates(reply(other, short))
    assert reply() == with_ordered_certificates(reply())


def test_a_refusal_stays_as_it_is() -> None:
    """It has no token, and so no certificates."""
    refusal = sequence(sequence(b"\x02\x01\x02"))

    assert refusal == with_ordered_certificates(refusal)


def test_a_chain_as_openssl_writes_it_is_put_in_order(tmp_path: Path) -> None:
    """And what is in order already stays as it is."""
    alone = OpensslAuthority(tmp_path / "alone", is_chain_sent=False).stamp(b"content")
    chain = OpensslAuthority(tmp_path / "chain").stamp(b"content")

    assert alone == with_ordered_certificates(alone)
    assert chain != with_ordered_certificates(chain)
    assert sorted(chain) == sorted(with_ordered_certificates(chain))


@pytest.mark.parametrize("cut", range(len(reply(sequence(b"a"))) - 1))
def test_a_reply_that_is_cut_is_refused(cut: int) -> None:
    """Wherever it is cut."""
    with pytest.raises(ProofError):
        with_ordered_certificates(reply(sequence(b"a"))[:cut])


@pytest.mark.parametrize(
    "content",
    [
        sequence(b"\x30\x80\x00\x00", b"\x00\x00"),
        b"\x30\x85\x00\x00\x00\x00\x01\x00",
        b"\x30\x84\xff\xff\xff\xff",
    ],
    ids=["indefinite", "long length", "beyond the end"],
)
def test_what_is_no_timestamp_is_refused(content: bytes) -> None:
    """It is no DER, or is cut."""
    with pytest.raises(ProofError, match="this is no timestamp"):
        with_ordered_certificates(content)


@given(
    st.binary(max_size=64) | st.permutations(list(reply(sequence(b"a"), b"\x02\x01"))).map(bytes)
)
def test_any_bytes_are_put_in_order_or_refused(content: bytes) -> None:
    """Nothing is lost, and nothing else is raised."""
    try:
        ordered = with_ordered_certificates(content)
    except ProofError:
        return
    assert sorted(content) == sorted(ordered)
