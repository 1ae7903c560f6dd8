"""A process that writes an archive in small steps, for a test that reads it meanwhile."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from gateway.evidence.block import CloseReason
from gateway.evidence.writer import ArchiveWriter
from tests.gateway.evidence.samples import ORIGIN, options, rows

BLOCKS = 150


def main(archive: Path) -> None:
    """Write blocks of three events, and seal after every fifth."""
    writer = ArchiveWriter(archive, ORIGIN, options())
    sys.stdout.write("started\n")
    sys.stdout.flush()
    for number in range(BLOCKS):
        writer.append(rows(3 * number, 3, payload=b"payload" * 100))
        if number % 5 == 4:
            writer.seal(CloseReason.TIME)
        time.sleep(0.005)
    writer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
