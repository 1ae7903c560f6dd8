"""The codecs of record batches, each with a cap on what it may expand to."""

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
# The framing of the snappy-java library, which Kafka's Java clients write: magic, two versions, then chunks.
_XERIAL_MAGIC: Final = b"\x82SNAPPY\x00"
_XERIAL_HEADER_BYTES: Final = 16
_XERIAL_CHUNK_BYTES: Final = 32 * 1024


def decompress(codec: Codec, source: bytes, *, limit_bytes: int) -> bytes:
    """Return what `source` expands to.

    Raises LimitError beyond `limit_bytes`, before more than that is held in memory, and MalformedError.
    """
    if codec == "none":
        return source
    try:
        expanded = _READERS[codec](source, limit_bytes)
    except (zlib.error, zstandard.ZstdError, RuntimeError, cramjam.DecompressionError) as error:
        raise MalformedError(f"{codec} cannot read the batch: {error}") from error
    if len(expanded) > limit_bytes:
        raise LimitError(f"the batch expands ({codec}) beyond the limit of {limit_bytes} bytes")
    return expanded


def compress(codec: Codec, source: bytes) -> bytes:
    """Return `source` compressed as Kafka's own clients do."""
    return source if codec == "none" else _WRITERS[codec](source)


def _read_gzip(source: bytes, limit_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while source and size <= limit_bytes:
        member = zlib.decompressobj(_GZIP_WINDOW)
        parts.append(member.decompress(source, limit_bytes + 1 - size))
        size += len(parts[-1])
        if not member.eof and size <= limit_bytes:
            raise MalformedError("the gzip stream is cut off")
        source = member.unused_data
    return b"".join(parts)


def _read_snappy(source: bytes, limit_bytes: int) -> bytes:
    if not source.startswith(_XERIAL_MAGIC):
        return _read_snappy_block(source, limit_bytes)
    parts: list[bytes] = []
    size, position = 0, _XERIAL_HEADER_BYTES
    while position < len(source) and size <= limit_bytes:
        if position + 4 > len(source):
            raise MalformedError("the snappy chunk length is cut off")
        (length,) = struct.unpack_from(">I", source, position)
        position += 4
        if length > len(source) - position:
            raise MalformedError(f"a snappy chunk of {length} bytes is cut off")
        parts.append(_read_snappy_block(source[position : position + length], limit_bytes - size))
        size += len(parts[-1])
        position += length
    return b"".join(parts)


def _read_snappy_block(source: bytes, limit_bytes: int) -> bytes:
    declared = shift = 0
    for byte in source[:5]:
        declared |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    else:
        raise MalformedError("the snappy block declares no size")
    if declared > limit_bytes:
        raise LimitError(f"a snappy block declares {declared} bytes, the limit is {limit_bytes}")
    return bytes(cramjam.snappy.decompress_raw(source))


def _read_lz4(source: bytes, limit_bytes: int) -> bytes:
    reader = lz4.frame.LZ4FrameDecompressor()
    expanded: bytes = reader.decompress(source, max_length=limit_bytes + 1)
    if not reader.eof and len(expanded) <= limit_bytes:
        raise MalformedError("the lz4 frame is cut off")
    return expanded


def _read_zstd(source: bytes, limit_bytes: int) -> bytes:
    # `max_output_size` does not bound a frame that declares its size; a reader that stops does.
    reader = zstandard.ZstdDecompressor().stream_reader(source, read_across_frames=True)
    parts: list[bytes] = []
    rest = limit_bytes + 1
    while rest and (part := reader.read(min(rest, 1024 * 1024))):
        parts.append(part)
        rest -= len(part)
    return b"".join(parts)


def _write_gzip(source: bytes) -> bytes:
    writer = zlib.compressobj(wbits=_GZIP_WINDOW)
    return writer.compress(source) + writer.flush()


def _write_snappy(source: bytes) -> bytes:
    target = io.BytesIO()
    target.write(_XERIAL_MAGIC + struct.pack(">ii", 1, 1))
    for start in range(0, len(source), _XERIAL_CHUNK_BYTES):
        block = bytes(cramjam.snappy.compress_raw(source[start : start + _XERIAL_CHUNK_BYTES]))
        target.write(struct.pack(">I", len(block)) + block)
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
