"""The codecs of record batches, each with a cap on what it may expand to.

What follows a complete stream is taken or ignored as Kafka's Java clients do: what they can read
must be readable here, or a record could be hidden by how it is compressed. Known to be refused here
alone are reserved flags in a gzip header and an lz4 end mark with its highest bit set.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Final

import cramjam
import lz4.frame
import zstandard

from gateway.wire.errors import LimitError, MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.wire.records.batch import Codec

_GZIP_WINDOW: Final = 31
_GZIP_START: Final = b"\x1f\x8b\x08"
_GZIP_MEMBER_BYTES_MIN: Final = 19  # Java's reader does not look at less; the shortest has 20
# A step bounds what is copied when a member ends, so that a run of empty members is no quadratic
# work, and can expand to 4 MiB at most.
_GZIP_STEP_BYTES: Final = 4096

# The framing of the snappy-java library, which Kafka's Java clients write: magic, two versions,
# then chunks.
_XERIAL_MAGIC: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES: Final = 16
_XERIAL_CHUNK_BYTES: Final = 32 * 1024
_XERIAL_LENGTH: Final = struct.Struct(">I")
_SNAPPY_RATIO_MAX: Final = 22  # three bytes copy at most 64
_SNAPPY_SIZE_BYTES_MAX: Final = 5
_CONTINUATION: Final = 0x80

# A step of zstd can expand to 32 MiB (4 bytes repeat one 128 KiB), which bounds what lies in memory
# beyond the limit.
_ZSTD_STEP_BYTES: Final = 1024


def decompress(codec: Codec, source: bytes, *, limit_bytes: int) -> bytes:
    """Return what `source` expands to.

    Raises LimitError beyond `limit_bytes`, before much more than that is held in memory (zstd: 32
    MiB more), and MalformedError for what the codec cannot read.
    """
    if codec == "none":
        return source
    try:
        expanded = _READERS[codec](source, limit_bytes)
    except (zlib.error, zstandard.ZstdError, RuntimeError, cramjam.DecompressionError) as error:
        raise MalformedError(f"{codec} cannot read the batch: {error}") from error
    assert len(expanded) <= limit_bytes, "every codec stops at the limit"
    return expanded


def compress(codec: Codec, source: bytes) -> bytes:
    """Return `source` compressed as Kafka's own clients do."""
    return source if codec == "none" else _WRITERS[codec](source)


class _Expanded:
    """What a stream has expanded to so far."""

    def __init__(self, codec: Codec, limit_bytes: int) -> None:
        assert limit_bytes >= 0, "there is no less than nothing"
        self._codec = codec
        self._limit_bytes = limit_bytes
        self._parts: list[bytes] = []
        self.room_bytes = limit_bytes

    def check(self, size: int) -> None:
        """Raise LimitError where `size` more bytes are too many."""
        if size > self.room_bytes:
            raise LimitError(
                f"the batch expands ({self._codec}) beyond the limit of {self._limit_bytes:,} bytes"
            )

    def append(self, part: bytes) -> None:
        """Take a part; raises LimitError where it is too much."""
        self.check(len(part))
        self.room_bytes -= len(part)
        self._parts.append(part)

    def whole(self) -> bytes:
        """Return everything."""
        joined = b"".join(self._parts)
        assert len(joined) + self.room_bytes == self._limit_bytes, "each part was counted"
        return joined


def _read_gzip(source: bytes, limit_bytes: int) -> bytes:
    expanded = _Expanded("gzip", limit_bytes)
    position = _read_gzip_member(source, 0, expanded)
    while _begins_gzip_member(source, position):
        position = _read_gzip_member(source, position, expanded)
    return expanded.whole()


def _begins_gzip_member(source: bytes, position: int) -> bool:
    """Tell whether another member follows; anything else behind a member is ignored."""
    is_long_enough = len(source) - position >= _GZIP_MEMBER_BYTES_MIN
    return is_long_enough and source.startswith(_GZIP_START, position)


def _read_gzip_member(source: bytes, position: int, expanded: _Expanded) -> int:
    member = zlib.decompressobj(_GZIP_WINDOW)
    while not member.eof:
        step = source[position : position + _GZIP_STEP_BYTES]
        if not step:
            raise MalformedError("the gzip stream is cut off")
        expanded.append(member.decompress(step))
        position += len(step) - len(member.unused_data)
    assert position <= len(source), "a member lies within the source"
    return position


def _read_snappy(source: bytes, limit_bytes: int) -> bytes:
    expanded = _Expanded("snappy", limit_bytes)
    if not source.startswith(_XERIAL_MAGIC):
        _read_snappy_block(source, expanded)
        return expanded.whole()
    position = 0
    while len(source) - position >= _XERIAL_LENGTH.size:
        if source.startswith(_XERIAL_MAGIC, position):
            position += _XERIAL_HEADER_BYTES
            if position > len(source):
                raise MalformedError("the snappy header is cut off")
            continue
        (length,) = _XERIAL_LENGTH.unpack_from(source, position)
        position += _XERIAL_LENGTH.size
        if length > len(source) - position:
            raise MalformedError(f"a snappy chunk of {length} bytes is cut off")
        _read_snappy_block(source[position : position + length], expanded)
        position += length
    return expanded.whole()


def _read_snappy_block(source: bytes, expanded: _Expanded) -> None:
    declared = _declared_snappy_bytes(source)
    if declared > len(source) * _SNAPPY_RATIO_MAX:
        raise MalformedError(f"a snappy block of {len(source)} bytes declares {declared}")
    expanded.check(declared)
    expanded.append(bytes(cramjam.snappy.decompress_raw(source)))


def _declared_snappy_bytes(source: bytes) -> int:
    declared = shift = 0
    for byte in source[:_SNAPPY_SIZE_BYTES_MAX]:
        declared |= (byte & ~_CONTINUATION) << shift
        shift += 7
        if byte < _CONTINUATION:
            return declared
    raise MalformedError("the snappy block declares no size")


def _read_lz4(source: bytes, limit_bytes: int) -> bytes:
    # Only the first frame counts: what follows is ignored.
    reader = lz4.frame.LZ4FrameDecompressor()
    expanded = _Expanded("lz4", limit_bytes)
    expanded.append(reader.decompress(source, max_length=limit_bytes + 1))
    if not reader.eof:
        raise MalformedError("the lz4 frame is cut off")
    return expanded.whole()


def _read_zstd(source: bytes, limit_bytes: int) -> bytes:
    # `max_output_size` does not bound a frame that declares its size, and a stream reader takes a
    # frame that is cut off for a whole one.
    decompressor = zstandard.ZstdDecompressor()
    expanded = _Expanded("zstd", limit_bytes)
    position = _read_zstd_frame(decompressor.decompressobj(), source, 0, expanded)
    while position < len(source):
        position = _read_zstd_frame(decompressor.decompressobj(), source, position, expanded)
    return expanded.whole()


def _read_zstd_frame(
    frame: zstandard.ZstdDecompressionObj, source: bytes, start: int, expanded: _Expanded
) -> int:
    position, room_bytes = start, expanded.room_bytes
    while not frame.eof:
        step = source[position : position + _ZSTD_STEP_BYTES]
        if step:
            expanded.append(frame.decompress(step))
            position += len(step) - len(frame.unused_data)
        elif start and room_bytes == expanded.room_bytes:
            return position  # the beginning of one more frame is ignored
        else:
            raise MalformedError("the zstd frame is cut off")
    assert start < position <= len(source), "each frame takes the reader further"
    return position


def _write_gzip(source: bytes) -> bytes:
    writer = zlib.compressobj(wbits=_GZIP_WINDOW)
    return writer.compress(source) + writer.flush()


def _write_snappy(source: bytes) -> bytes:
    target = io.BytesIO()
    target.write(_XERIAL_MAGIC + struct.pack(">ii", 1, 1))
    for start in range(0, len(source), _XERIAL_CHUNK_BYTES):
        block = bytes(cramjam.snappy.compress_raw(source[start : start + _XERIAL_CHUNK_BYTES]))
        target.write(_XERIAL_LENGTH.pack(len(block)) + block)
    return target.getvalue()


def _write_lz4(source: bytes) -> bytes:
    # Kafka's Java reader refuses frames whose blocks refer to each other.
    frame: bytes = lz4.frame.compress(
        source, block_size=lz4.frame.BLOCKSIZE_MAX64KB, block_linked=False, store_size=False
    )
    return frame


def _write_zstd(source: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(source)


_READERS: Final[dict[Codec, Callable[[bytes, int], bytes]]] = {
    "gzip": _read_gzip,
    "snappy": _read_snappy,
    "lz4": _read_lz4,
    "zstd": _read_zstd,
}
_WRITERS: Final[dict[Codec, Callable[[bytes], bytes]]] = {
    "gzip": _write_gzip,
    "snappy": _write_snappy,
    "lz4": _write_lz4,
    "zstd": _write_zstd,
}
