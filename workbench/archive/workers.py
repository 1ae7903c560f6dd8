"""Converting many segments at once: large ones in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from workbench.archive.cache import Cache, Converted

# Below this a process takes longer to start than to do the work.
WORTH_A_PROCESS_BYTES: Final = 4 * 1024 * 1024
# Each takes some 300 MB.
_PROCESSES_MAX: Final = 8


def convert_all(cache: Cache, paths: Sequence[Path]) -> Generator[Converted | None, None, None]:
    """Yield each segment converted, in order; None for one that cannot be read."""
    here = Lock()

    def convert(path: Path) -> Converted | None:
        found = cache.find(path)
        if found is None and len(paths) > 1 and _is_large(path):
            convert_apart(cache.directory, path, cache.keys.files)
        with here:
            return found or cache.converted(path)

    threads = ThreadPoolExecutor(min(_PROCESSES_MAX, os.cpu_count() or 1))
    try:
        yield from threads.map(convert, paths)
    finally:
        threads.shutdown(cancel_futures=True)


def convert_apart(directory: Path, path: Path, keys: Sequence[Path] = ()) -> None:
    """Convert a segment into a cache in another process; if it fails, it is still to be done.

    `keys` are the key folder and the identity's file, where there are any.
    """
    command = [sys.executable, "-P", "-m", "workbench.archive"]
    command += [str(each) for each in (directory, path, *keys)]
    subprocess.run(  # noqa: S603 - this interpreter, with paths for arguments
        command, check=False, stdin=subprocess.DEVNULL, capture_output=True
    )


def _is_large(path: Path) -> bool:
    try:
        return path.stat().st_size >= WORTH_A_PROCESS_BYTES
    except OSError:
        return False
