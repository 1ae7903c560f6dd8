"""A program that expands batches and says what that took; run by a test, in a process of its own.

Codecs allocate where Python does not see it, so that only the process as a whole tells the truth.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.wire.errors import WireError
from gateway.wire.records.compression import decompress

if TYPE_CHECKING:
    from gateway.wire.records.batch import Codec

STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """Return the most memory that this process has had so far.

    Linux adds what the parent had before it started this program to the figure of `getrusage`, so
    that there the kernel's own page is asked.
    """
    if STATUS.exists():
        (line,) = (each for each in STATUS.read_text().splitlines() if each.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def expand(codec: Codec, source: bytes, limit_bytes: int) -> tuple[str, int, float]:
    """Expand; return the kind of the outcome, the growth of the process, and seconds."""
    before, start = peak_bytes(), time.process_time()
    try:
        decompress(codec, source, limit_bytes=limit_bytes)
        outcome = "expanded"
    except WireError as error:
        outcome = type(error).__name__
    return outcome, peak_bytes() - before, time.process_time() - start


def main() -> None:
    """Read a case from each line of standard input, write what they took to standard output."""
    limit_bytes = int(sys.argv[1])
    taken = {}
    for line in sys.stdin:
        name, codec, source = json.loads(line)
        taken[name] = expand(codec, b64decode(source), limit_bytes)
    json.dump(taken, sys.stdout)


if __name__ == "__main__":
    main()
