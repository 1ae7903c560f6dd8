"""Hostile batches: bombs stop at the limit, and nothing takes more time than its bytes explain."""

from __future__ import annotations

import gzip
import json
import struct
import subprocess
import sys
import time
import tracemalloc
import zlib
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.wire.errors import WireError
from gateway.wire.records.decode import decode_batch
from tests.gateway.wire.records.handmade import (
    XERIAL_HEADER,
    lz4_frame,
    make_batch,
    make_record,
    snappy_raw,
    varint,
    zstd_frame,
)

if TYPE_CHECKING:
    from gateway.wire.records.batch import Codec

    Cases = dict[str, tuple[Codec, bytes]]

ROOT = Path(__file__).parents[4]
MIB = 1 << 20
LIMIT = 16 * MIB

# What a codec may hold at once: the limit twice (before and after it becomes bytes), and the 32 MiB
# that one step of zstd can give. The bombs below would take from 64 MiB to 4 GiB.
GROWTH_MAX = 2 * LIMIT + 40 * MIB
SECONDS_MAX = 5.0
MEMORY_PER_BYTE = 40
SECONDS_PER_BYTE = 2e-5


def gzip_bomb() -> bytes:
    """Make 1 GiB: sixteen members of 64 MiB each."""
    return gzip.compress(bytes(64 * MIB), compresslevel=1) * 16


def snappy_chunks(chunk: bytes, count: int) -> bytes:
    """Repeat a chunk."""
    return XERIAL_HEADER + (struct.pack(">I", len(chunk)) + chunk) * count


def zstd_bomb(*, declared: int | None) -> bytes:
    """Make 1 GiB of blocks that each repeat one byte, in a frame that declares its size or not."""
    size = b"" if declared is None else struct.pack("<Q", declared)
    start = b"\x28\xb5\x2f\xfd" + (b"\xc0" if size else b"\x00") + b"\x68" + size
    block = 1 << 1 | (128 * 1024) << 3
    blocks = (struct.pack("<I", block)[:3] + b"A") * 8_191
    return start + blocks + struct.pack("<I", block | 1)[:3] + b"A"


def bombs() -> Cases:
    """Make streams that expand a thousandfold and more, or claim to."""
    return {
        "gzip, 1 GiB": ("gzip", gzip_bomb()),
        "snappy, declares 4 GiB": ("snappy", b"\xff\xff\xff\xff\x0f" + bytes(99)),
        "snappy, 64 MiB": ("snappy", snappy_raw(bytes(64 * MIB))),
        "snappy, 9 chunks of 15 MiB": ("snappy", snappy_chunks(snappy_raw(bytes(15 * MIB)), 9)),
        "lz4, 256 MiB": ("lz4", lz4_frame(bytes(256 * MIB))),
        "lz4, 256 MiB declared": ("lz4", lz4_frame(bytes(256 * MIB), has_size=True)),
        "zstd, 1 GiB": ("zstd", zstd_bomb(declared=None)),
        "zstd, 1 GiB declared": ("zstd", zstd_bomb(declared=1 << 30)),
        "zstd, 1 GiB declared as 1": ("zstd", zstd_bomb(declared=1)),
        "zstd, 256 MiB by its own compressor": ("zstd", zstd_frame(bytes(256 * MIB))),
    }


def drags() -> Cases:
    """Make streams of very many parts that hold next to nothing."""
    zstd_start = b"\x28\xb5\x2f\xfd\x00\x88"
    lz4_start = lz4_frame(b"")[:7]
    return {
        "100,000 empty gzip members": ("gzip", gzip.compress(b"") * 100_000),
        "100,000 empty snappy chunks": ("snappy", snappy_chunks(b"\x00", 100_000)),
        "60,000 snappy headers": ("snappy", XERIAL_HEADER * 60_000),
        "200,000 lz4 blocks": ("lz4", lz4_start + b"\x01\x00\x00\x80a" * 200_000 + bytes(4)),
        "100,000 empty zstd frames": ("zstd", (zstd_start + b"\x01\x00\x00") * 100_000),
        "300,000 empty zstd blocks": ("zstd", zstd_start + bytes(900_000) + b"\x01\x00\x00"),
    }


def take(cases: Cases) -> dict[str, tuple[str, int, float]]:
    """Expand each in one process of its own; return what each took."""
    lines = [
        json.dumps((name, codec, b64encode(source).decode()))
        for name, (codec, source) in cases.items()
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tests.gateway.wire.records.expanding", str(LIMIT)],
        input="\n".join(lines),
        capture_output=True,
        check=True,
        cwd=ROOT,
        text=True,
    )
    return {name: tuple(figures) for name, figures in json.loads(done.stdout).items()}


def test_bombs_stop_at_the_limit() -> None:
    """Whatever they declare: memory and time stay bounded in the whole process."""
    taken = take(bombs())

    assert {"LimitError", "MalformedError"} >= {outcome for outcome, _, _ in taken.values()}
    assert sum(growth for _, growth, _ in taken.values()) < GROWTH_MAX, taken
    assert max(seconds for _, _, seconds in taken.values()) < SECONDS_MAX, taken


def test_many_small_parts_take_no_quadratic_time() -> None:
    """A megabyte of empty members, chunks, frames or blocks is read in its time."""
    taken = take(drags())

    assert {outcome for outcome, _, _ in taken.values()} == {"expanded"}
    assert sum(growth for _, growth, _ in taken.values()) < GROWTH_MAX, taken
    assert max(seconds for _, _, seconds in taken.values()) < SECONDS_MAX, taken


def message_set(count: int) -> bytes:
    """Make a compressed set of the shortest messages of the oldest format."""
    value = gzip.compress((bytes(11) + b"\x0e" + bytes(14)) * count)
    body = b"\x00\x01\xff\xff\xff\xff" + struct.pack(">i", len(value)) + value
    content = struct.pack(">I", zlib.crc32(body)) + body
    return struct.pack(">qi", 9, len(content)) + content


SHORTEST = make_record("00 00 00 01 01 00")
BATCHES = {
    "2^31 records": make_batch(SHORTEST, (1 << 31) - 1),
    "2^31 headers": make_batch(make_record("00 00 00 01 01 fe ff ff ff 0f")),
    "a key of 2^31 bytes": make_batch(make_record("00 00 00 fe ff ff ff 0f")),
    "300 kB of varint": make_batch(b"\x80" * 300_000),
    "300 kB of varint in a record": make_batch(varint(300_000) + b"\x80" * 300_000),
    "20,000 of the shortest records": make_batch(SHORTEST * 20_000, 20_000),
    "20,000 of the shortest headers": make_batch(
        make_record("00 00 00 01 01 " + varint(20_000).hex() + "0001" * 20_000)
    ),
    "5,000 of the shortest messages": message_set(5_000),
}


@pytest.mark.parametrize("name", BATCHES)
def test_records_cost_in_proportion(name: str) -> None:
    """Counts and lengths cost nothing; records cost by a factor that is known."""
    batch = BATCHES[name]
    size = max(len(batch), 5_000 * 26 if "messages" in name else 0)
    tracemalloc.start()
    start = time.process_time()
    with suppress(WireError):
        decode_batch(batch, decompressed_bytes_max=MIB)
    taken = time.process_time() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < size * MEMORY_PER_BYTE + 20_000
    assert taken < size * SECONDS_PER_BYTE + 0.5
