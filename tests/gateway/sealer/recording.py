"""Record at full speed beside a sealer, as a gateway would, until killed; a program, not a test.

Arguments: `record` or `seal`, a folder, and the protection that these processes lack, or `none`.
`record` takes two more: the file for its notes, and `strict` or `written`: whether it waits for the
disk before it notes anything. It starts `seal`, and again whenever it dies.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Never

from gateway.evidence import writer as archive_writer
from gateway.evidence.journal import JournalWriter
from gateway.sealer import __main__ as process
from gateway.sealer import sealing
from gateway.sealer.sealing import encode_options, recover
from gateway.server.log import open_log
from gateway.server.supervisor import Supervisor
from tests.gateway.sealer.history import Notes, Story
from tests.gateway.sealer.journals import ORIGIN, StrictJournal, options
from tests.gateway.sealer.unprotected import REMOVED

JOURNAL_FILE_BYTES = 200_000
JOURNAL_BYTES_MAX = 8_000_000
GROUPS_BETWEEN_LOOKS = 200
# So small that every round of a short test meets each of them many times.
SMALL = {
    (sealing, "BLOCK_SECONDS"): 0.02,
    (sealing, "CHECKPOINT_SECONDS"): 0.05,
    (sealing, "BLOCK_BYTES"): 30_000,
    (sealing, "UNSYNCED_BYTES_MAX"): 100_000,
    (archive_writer, "SEGMENT_BYTES_MAX"): 300_000,
}


JOURNALS = {"strict": StrictJournal, "written": JournalWriter}


def record(folder: Path, removed: str, notes_path: Path, durability: str) -> Never:
    """Recover, then record until the end of this process."""
    next_sequence = recover(options(folder, lock_wait_seconds=60.0))
    boot_id = uuid.uuid4().hex
    journal = JOURNALS[durability](
        folder / "journal",
        origin=ORIGIN,
        boot_id=boot_id,
        next_sequence=next_sequence,
        file_bytes_max=JOURNAL_FILE_BYTES,
    )
    command = [sys.executable, "-m", __spec__.name, "seal", str(folder), removed]
    supervisor = Supervisor(command, open_log(sys.stderr))
    threading.Thread(target=lambda: asyncio.run(supervisor.keep_alive()), daemon=True).start()
    notes = Notes(notes_path)
    story = Story(boot_id, seed=next_sequence)
    while True:
        for _ in range(GROUPS_BETWEEN_LOOKS):
            notes.record(journal, story.tell())
        while journal.directory_bytes > JOURNAL_BYTES_MAX:
            time.sleep(0.01)


def seal(folder: Path) -> int:
    """Be the sealer."""
    return process.main([encode_options(options(folder))])


if __name__ == "__main__":
    for (module, limit), value in SMALL.items():
        setattr(module, limit, value)
    work, where, lacking, *rest = sys.argv[1:]
    REMOVED[lacking]()
    if work == "record":
        record(Path(where), lacking, Path(rest[0]), rest[1])
    sys.exit(seal(Path(where)))
