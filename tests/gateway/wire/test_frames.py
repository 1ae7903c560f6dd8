"""Frames: however a stream is cut, the same frames come out, and no size makes it allocate."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.errors import EncodeError, LimitError, MalformedError, WireError
from gateway.wire.frames import FrameBuffer, frame
from gateway.wire.primitives import INT32_MAX

LIMIT = 64
CONTENTS = [b"", b"one", bytes(LIMIT)]
TAIL = b"\x00\x00\x00\x09half"


def buffer() -> FrameBuffer:
    """Make a buffer with a small limit."""
    return FrameBuffer(frame_bytes_max=LIMIT)


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    """Cut a stream at places."""
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in pairwise(places)]


@pytest.mark.parametrize("step", [1, 2, 5, 10_000])
def test_a_stream_gives_its_frames_whole_and_byte_by_byte(step: int) -> None:
    """The frames are the same in whatever steps they come; a tail waits for its rest."""
    stream = b"".join(frame(content) for content in CONTENTS) + TAIL
    frames = buffer()
    found = [
        content
        for start in range(0, len(stream), step)
        for content in frames.feed(stream[start : start + step])
    ]

    assert found == CONTENTS
    assert len(TAIL) == frames.buffered_bytes
    assert frames.feed(b"-done") == [b"half-done"]
    assert frames.buffered_bytes == 0


@given(
    contents=st.lists(st.binary(max_size=LIMIT), max_size=8),
    cuts=st.lists(st.integers(0, 1_000), max_size=8),
)
def test_frames_survive_a_round_trip(contents: list[bytes], cuts: list[int]) -> None:
    """Framed, cut anywhere and fed, they are what they were."""
    frames = buffer()
    stream = b"".join(map(frame, contents))

    assert contents == [each for piece in pieces(stream, cuts) for each in frames.feed(piece)]
    assert frames.buffered_bytes == 0


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_kind_of_bytes_can_be_fed(kind: type[bytes | bytearray | memoryview]) -> None:
    """What comes out is bytes that nobody changes."""
    source = bytearray(frame(b"one"))
    (content,) = buffer().feed(kind(source))
    source[-1] = 0

    assert content == b"one"
    assert type(content) is bytes


@pytest.mark.parametrize(
    ("start", "kind", "text"),
    [
        ("00000041", LimitError, "a frame announces 65 bytes, the limit is 64"),
        ("7fffffff", LimitError, "a frame announces 2,147,483,647 bytes, the limit is 64"),
        ("ffffffff", MalformedError, "a frame announces -1 bytes"),
        ("80000000", MalformedError, "a frame announces -2147483648 bytes"),
        ("16030100", LimitError, "this looks like TLS"),
        ("15030100", LimitError, "this looks like a TLS alert"),
        (b"GET ".hex(), LimitError, "this looks like HTTP: is a browser"),
        (b"POST".hex(), LimitError, "this looks like HTTP: is a web client"),
        (b"HTTP".hex(), LimitError, "this looks like an HTTP answer"),
    ],
)
def test_a_size_that_cannot_be_is_refused(start: str, kind: type[WireError], text: str) -> None:
    """Negative or beyond the limit: the error says which, and what it may come from."""
    with pytest.raises(kind, match=text) as raised:
        buffer().feed(bytes.fromhex(start) + b"more")
    assert raised.value.frames == ()


def test_a_size_is_refused_before_its_bytes_come() -> None:
    """The size alone is enough, and nothing is allocated for what it announces."""
    frames = FrameBuffer(frame_bytes_max=1 << 30)
    tracemalloc.start()
    assert frames.feed((1 << 30).to_bytes(4)) == []
    with pytest.raises(LimitError):
        buffer().feed((1 << 30).to_bytes(4))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 100_000


def test_frames_before_a_bad_size_are_not_lost() -> None:
    """They came whole and in order: the error carries them. What follows is dropped."""
    frames = buffer()
    with pytest.raises(LimitError) as raised:
        frames.feed(frame(b"one") + frame(b"two") + b"\x7f\xff\xff\xff" + frame(b"never"))

    assert raised.value.frames == (b"one", b"two")
    assert frames.buffered_bytes == 0
    assert frames.feed(frame(b"late")) == []
    assert frames.buffered_bytes == 0


def test_the_limit_can_be_raised() -> None:
    """A peer that has logged in may send more than a stranger."""
    frames = buffer()
    frames.feed(frame(b"hello"))
    frames.frame_bytes_max = LIMIT + 1

    assert frames.feed(frame(bytes(LIMIT + 1))) == [bytes(LIMIT + 1)]


def test_a_frame_is_put_together_from_parts() -> None:
    """The prefix counts all of them."""
    assert frame(b"ab", memoryview(b"cde"), b"") == b"\x00\x00\x00\x05abcde"
    assert frame() == bytes(4)


def test_a_frame_beyond_the_size_prefix_is_refused() -> None:
    """What no size can announce is not sent; nothing is put together for it."""
    part = memoryview(bytes(1 << 20))

    with pytest.raises(EncodeError, match="a frame of 2,147,483,648 bytes is beyond"):
        frame(*[part] * ((INT32_MAX >> 20) + 1))


@given(stream=st.binary(max_size=200), cuts=st.lists(st.integers(0, 1_000), max_size=4))
def test_only_wire_errors_come_out_of_arbitrary_bytes(stream: bytes, cuts: list[int]) -> None:
    """No frame is longer than the limit, and not much waits."""
    frames = buffer()
    try:
        found = [each for piece in pieces(stream, cuts) for each in frames.feed(piece)]
    except WireError as error:
        found = list(error.frames)

    assert all(len(each) <= LIMIT for each in found)
    assert frames.buffered_bytes < LIMIT + 4
