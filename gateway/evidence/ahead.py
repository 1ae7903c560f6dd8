"""Decoding frames on other threads while the file is read on, in order and in bounded memory."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from gateway.evidence.damage import Damage, Flaw
from gateway.evidence.decode import Decoded, decode
from gateway.evidence.segment import CONTENT_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gateway.evidence.stored import StoredBlock

# zstd, SHA-256 and Arrow's validation let other threads run; what is left does not, and more
# threads than this would only wait for it.
THREADS_MAX: Final = 8
FRAMES_AHEAD: Final = 4 * THREADS_MAX
# What the frames in work may come to; a single one may be larger.
CONTENT_BYTES_AHEAD: Final = 64 * 1024 * 1024


def decoding_threads() -> ThreadPoolExecutor:
    """Return threads to decode on; the caller ends them."""
    threads = min(os.cpu_count() or 1, THREADS_MAX)
    return ThreadPoolExecutor(max_workers=threads, thread_name_prefix="decode")


def decode_ahead(
    found: Iterable[StoredBlock | Damage], threads: Executor
) -> Iterator[tuple[StoredBlock, Decoded | Flaw] | Damage]:
    """Yield every block with what its frame holds, and every damage, in the order they come."""
    waiting: deque[tuple[StoredBlock, Future[Decoded | Flaw]]] = deque()
    content_bytes = 0
    for item in found:
        if isinstance(item, Damage):
            while waiting:
                yield _result(waiting.popleft())
            content_bytes = 0
            yield item
            continue
        content_bytes += _weight(item)
        while waiting and (len(waiting) >= FRAMES_AHEAD or content_bytes > CONTENT_BYTES_AHEAD):
            content_bytes -= _weight(waiting[0][0])
            yield _result(waiting.popleft())
        waiting.append((item, threads.submit(decode, item)))
    while waiting:
        yield _result(waiting.popleft())


def _result(
    waiting: tuple[StoredBlock, Future[Decoded | Flaw]],
) -> tuple[StoredBlock, Decoded | Flaw]:
    stored, decoded = waiting
    return stored, decoded.result()


def _weight(stored: StoredBlock) -> int:
    # A frame that claims more than the limit is refused before anything is allocated for it.
    return min(stored.header.content_bytes, CONTENT_BYTES_MAX)
