"""Block headers: written, read back, and every changed byte noticed."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.block import (
    HEADER_MAGIC,
    NO_PREVIOUS,
    SEGMENT_FORMAT,
    SKIPPABLE,
    BlockHeader,
    BlockKind,
    CloseReason,
    Totals,
    decode_header,
    encode_header,
    least,
    most,
)
from gateway.evidence.errors import DamagedError

HEADER = BlockHeader(
    format=SEGMENT_FORMAT,
    segment_id="0" * 32,
    kind=BlockKind.BLOCK,
    origin="gateway-1",
    segment=1,
    block=5,
    first_sequence=10,
    last_sequence=12,
    event_count=3,
    first_wall_ns=100,
    last_wall_ns=300,
    sealed_wall_ns=400,
    frame_bytes=50,
    content_bytes=70,
    frame_sha256="a" * 64,
    previous_sha256=NO_PREVIOUS,
    boot_ids=("boot",),
    bundle_digests=(),
    durability="written",
    reason=CloseReason.TIME,
    torn_bytes=7,
)


def headers() -> st.SearchStrategy[BlockHeader]:
    """Make headers that say anything which a header may say."""
    counts = st.integers(0, 2**63 - 1)
    sizes = st.integers(0, 2**32 - 1)
    times = st.integers(-(2**63), 2**63 - 1)
    digests = st.text("0123456789abcdef", min_size=64, max_size=64)
    return st.builds(
        BlockHeader,
        format=st.just(SEGMENT_FORMAT),
        segment_id=st.text("0123456789abcdef", min_size=32, max_size=32),
        segment=counts,
        block=counts,
        first_sequence=counts,
        last_sequence=counts | st.just(-1),
        event_count=counts,
        first_wall_ns=times | st.none(),
        last_wall_ns=times | st.none(),
        sealed_wall_ns=times,
        frame_bytes=sizes,
        content_bytes=sizes,
        frame_sha256=digests,
        previous_sha256=digests,
        torn_bytes=counts,
    )


DEEP = b"[" * 100_000 + b"]" * 100_000


def content_of(line: bytes) -> bytes:
    """Make the content of a skippable frame around any line, with its right hash."""
    return b"%b\n%b\n" % (line, hashlib.sha256(line).hexdigest().encode())


@given(headers())
def test_a_header_is_read_as_it_was_written(header: BlockHeader) -> None:
    """What is encoded decodes to the same header and hash, whatever it says."""
    encoded = encode_header(header)
    magic, size = SKIPPABLE.unpack_from(encoded.frame)

    assert (HEADER_MAGIC, len(encoded.frame) - SKIPPABLE.size) == (magic, size)
    assert (header, encoded) == decode_header(encoded.frame[SKIPPABLE.size :])


def test_the_hash_is_that_of_the_line() -> None:
    """Anyone can compute a header's hash: it is the SHA-256 of the JSON line without its end."""
    encoded = encode_header(HEADER)
    line, written, rest = encoded.frame[SKIPPABLE.size :].split(b"\n")

    assert hashlib.sha256(line).hexdigest() == encoded.digest == written.decode()
    assert (encoded.line, b"") == (line, rest)
    assert HEADER == msgspec.json.decode(line, type=BlockHeader)


def test_every_changed_byte_is_noticed() -> None:
    """No byte of a header can be changed without its hash telling."""
    content = encode_header(HEADER).frame[SKIPPABLE.size :]
    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 0x01
        with pytest.raises(DamagedError, match="does not match its own SHA-256"):
            decode_header(bytes(changed))


def test_every_cut_header_is_noticed() -> None:
    """No beginning of a header is taken for a whole one, nor is one with bytes behind it."""
    content = encode_header(HEADER).frame[SKIPPABLE.size :]
    for changed in [content[:size] for size in range(len(content))] + [content + b"\n"]:
        with pytest.raises(DamagedError, match="does not match its own SHA-256"):
            decode_header(changed)


def test_a_newer_format_is_named() -> None:
    """Of a later version's header only the format is understood, and that is what is said."""
    line = b'{"format":3,"something":"new"}'

    with pytest.raises(DamagedError, match="has format 3; this version reads up to 2"):
        decode_header(content_of(line))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b'"format":2', b'"format":"2"', id="text for a number"),
        pytest.param(b'"block":5', b'"block":-5', id="a negative count"),
        pytest.param(b'"block":5', b'"block":9223372036854775808', id="beyond 64 bits"),
        pytest.param(b'"last_sequence":12', b'"last_sequence":-2', id="before the first event"),
        pytest.param(b'"block":5', b'"block":5,"more":1', id="an unknown field"),
        pytest.param(b'"block":5,', b"", id="a missing field"),
        pytest.param(b"0" * 32 + b'"', b"0" * 31 + b'"', id="a short segment id"),
        pytest.param(b"a" * 64, b"A" * 64, id="a hash in capitals"),
        pytest.param(b'"kind":"block"', b'"kind":"lock"', id="an unknown kind"),
        pytest.param(b"{", b"[", id="no object"),
        pytest.param(b'"durability":"', b'"durability":"\xff', id="no UTF-8"),
        pytest.param(b'"format":2', b'"more":%b,"format":2' % DEEP, id="deep nesting"),
        pytest.param(b'"content_bytes":', b'"content_bytes":99999999', id="beyond a seek table"),
    ],
)
def test_a_well_hashed_header_that_says_nonsense_is_refused(old: bytes, new: bytes) -> None:
    """The hash shows that nothing changed, not that a writer of ours wrote it."""
    line = msgspec.json.encode(HEADER)

    assert old in line
    with pytest.raises(DamagedError, match="cannot be read"):
        decode_header(content_of(line.replace(old, new, 1)))


def test_totals_are_what_a_whole_segment_says() -> None:
    """The sum of a segment's blocks is what its last header must say."""
    totals = Totals(first_sequence=10)
    totals.add(HEADER)
    totals.add(msgspec.structs.replace(HEADER, event_count=2, first_wall_ns=50, last_wall_ns=60))
    said = msgspec.structs.replace(HEADER, event_count=5, first_wall_ns=50, torn_bytes=14)

    assert Totals.said_by(said) == totals


@pytest.mark.parametrize(
    ("smaller", "larger", "one", "other"),
    [(1, 2, 1, 2), (1, 2, 2, 1), (3, 3, None, 3), (3, 3, 3, None), (None, None, None, None)],
)
def test_least_and_most_leave_out_what_is_not_there(
    smaller: int | None, larger: int | None, one: int | None, other: int | None
) -> None:
    """None is no number: it is neither the least nor the most unless there is nothing else."""
    assert (smaller, larger) == (least(one, other), most(one, other))
