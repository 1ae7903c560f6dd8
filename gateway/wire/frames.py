"""Cut a stream of bytes into frames, and put frames together."""

from __future__ import annotations

import struct

from gateway.wire.errors import EncodeError, LimitError, MalformedError, WireError
from gateway.wire.primitives import INT32_MAX

_SIZE = struct.Struct(">i")

# What other protocols begin with, read as a size, is huge or negative: the usual sign of a wrong
# port.
_STRANGERS = {
    b"\x16\x03": "this looks like TLS: is the client set to TLS while this port is plain?",
    b"\x15\x03": "this looks like a TLS alert: is the other side set to TLS?",
    b"GE": "this looks like HTTP: is a browser or a health check using this port?",
    b"PO": "this looks like HTTP: is a web client using this port?",
    b"HT": "this looks like an HTTP answer: is the port that of a Kafka broker?",
}


class FrameBuffer:
    """Collects the bytes of one direction of a connection and gives back whole frames.

    It holds at most one frame that is not whole; a size is checked before its bytes are kept.
    """

    def __init__(self, *, frame_bytes_max: int) -> None:
        assert 0 < frame_bytes_max <= INT32_MAX, "the size prefix is an int32"
        self.frame_bytes_max = frame_bytes_max
        """May be raised between two feeds, for one that trusts its peer more than before."""
        self._buffer = bytearray()
        self._is_spoilt = False

    @property
    def buffered_bytes(self) -> int:
        """How many bytes wait for the rest of their frame."""
        return len(self._buffer)

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """Take bytes from the stream; return the frames they complete, without their size prefix.

        A size that is negative or beyond the limit raises `MalformedError` or `LimitError`. The
        error's `frames` are the whole frames that came before it in the same data. The stream is of
        no more use then: nobody knows where its next frame begins, and what follows is dropped.
        """
        if self._is_spoilt:
            return []
        self._buffer += data
        frames: list[bytes] = []
        position = 0
        try:
            while (end := self._frame_end(position)) is not None:
                frames.append(bytes(memoryview(self._buffer)[position + _SIZE.size : end]))
                position = end
        except WireError as error:
            self._is_spoilt = True
            self._buffer.clear()
            error.frames = tuple(frames)
            raise
        del self._buffer[:position]
        assert len(self._buffer) < _SIZE.size + self.frame_bytes_max, "one frame at most waits"
        return frames

    def _frame_end(self, position: int) -> int | None:
        """Return where the frame at `position` ends, None when it is not whole yet."""
        assert position <= len(self._buffer), "a frame begins where another ended"
        if len(self._buffer) - position < _SIZE.size:
            return None
        (size,) = _SIZE.unpack_from(self._buffer, position)
        if not 0 <= size <= self.frame_bytes_max:
            raise self._refuse(size, bytes(self._buffer[position : position + 2]))
        end = position + _SIZE.size + int(size)
        return end if end <= len(self._buffer) else None

    def _refuse(self, size: int, start: bytes) -> WireError:
        assert not 0 <= size <= self.frame_bytes_max, "only sizes that cannot be are refused"
        hint = _STRANGERS.get(start)
        more = f"; {hint}" if hint else ""
        if size < 0:
            return MalformedError(f"a frame announces {size} bytes{more}")
        return LimitError(
            f"a frame announces {size:,} bytes, the limit is {self.frame_bytes_max:,}{more}"
        )


def frame(*parts: bytes | memoryview) -> bytes:
    """Put the size prefix before the parts of a frame."""
    size = sum(len(part) for part in parts)
    if size > INT32_MAX:
        raise EncodeError(f"a frame of {size:,} bytes is beyond Kafka's limit of {INT32_MAX:,}")
    framed = b"".join((_SIZE.pack(size), *parts))
    assert len(framed) == _SIZE.size + size, "the parts are views of bytes"
    return framed
