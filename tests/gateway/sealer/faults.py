"""Run the sealer with a fault at each of its system calls in turn; a program, not a test.

For each fault a process of its own records and seals one story and meets its end at that call.
Another one recovers and is killed in the middle of it, a third recovers unharmed; then the history
must be whole. Prints a line for each problem, and last how many cases each fault had.

Arguments: a folder, the fault, the first call, the step from call to call, and the protection that
the first process lacks, or `none`. The fault is one of `disk`, or a failpoint, of which passes are
counted and not calls; or several of them with commas between.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
import traceback
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, cast

from gateway.evidence import failpoints
from gateway.evidence import writer as archive_writer
from gateway.evidence.block import CloseReason
from gateway.evidence.errors import EvidenceError
from gateway.evidence.failpoints import VARIABLE, Failpoint
from gateway.evidence.journal import journal_files
from gateway.sealer import sealing
from gateway.sealer.sealing import Sealer, recover
from tests.gateway.sealer.disk import DEAD, Disk, Fault
from tests.gateway.sealer.history import Notes, Story, problems, read_notes
from tests.gateway.sealer.journals import ORIGIN, StrictJournal, options
from tests.gateway.sealer.unprotected import REMOVED

if TYPE_CHECKING:
    from collections.abc import Callable

GROUPS = 8
TORN = b"torn"
FAILED, DEFECT = 3, 4
ENDS = {"error": FAILED} | dict.fromkeys(Failpoint, -signal.SIGKILL)
JOURNAL_FILE_BYTES = 6_000
# So small that a short story has several of each, and every step of the sealer syncs.
SMALL = {
    (sealing, "BLOCK_SECONDS"): 0.0,
    (sealing, "WRITER_GONE_SECONDS"): 0.0,
    (sealing, "BLOCK_BYTES"): 4_000,
    (archive_writer, "SEGMENT_BYTES_MAX"): 6_000,
}


def record(folder: Path, session: str, next_sequence: int, sealer: Sealer | None) -> None:
    """Record a story and have it sealed on the way."""
    notes = Notes(folder / "notes")
    story = Story(session, seed=next_sequence)
    journal = StrictJournal(
        folder / "journal",
        origin=ORIGIN,
        boot_id=session,
        next_sequence=next_sequence,
        file_bytes_max=JOURNAL_FILE_BYTES,
    )
    for _ in range(GROUPS):
        notes.record(journal, story.tell())
        if sealer is not None:
            sealer.step()
    journal.close()


def leave(folder: Path) -> None:
    """Leave a journal that nobody sealed, with open intents and a torn end."""
    folder.mkdir()
    record(folder, "first", 0, None)
    with journal_files(folder / "journal")[-1].open("ab") as file:
        file.write(TORN)


def live(folder: Path) -> None:
    """Recover, record, seal and end."""
    next_sequence = recover(options(folder))
    sealer = Sealer(options(folder))
    record(folder, "second", next_sequence, sealer)
    sealer.finish(CloseReason.SHUTDOWN)


def heal(folder: Path) -> None:
    """Recover."""
    recover(options(folder))


def check(folder: Path) -> None:
    """Recover unharmed and say what is wrong."""
    heal(folder)
    say(folder, *problems(folder / "archive", read_notes(folder / "notes"), TORN))


def warm_up(root: Path) -> None:
    """Leave a journal in `left`, and import before the first fork what is imported on first use."""
    leave(root / "left")
    shutil.copytree(root / "left", root / "warm")
    heal(root / "warm")


def say(folder: Path, *lines: object) -> None:
    """Print lines about a case."""
    for line in lines:
        sys.stdout.write(f"{folder.name}: {line}\n")
    sys.stdout.flush()


def arm(failpoint: Failpoint, passes: int) -> None:
    """Let this process die at a failpoint."""
    os.environ[VARIABLE] = f"{failpoint}:{passes}"
    failpoints.armed.cache_clear()


def doom(folder: Path, fault: str, at: int, removed: str = "none") -> None:
    """Let this process meet a fault, perhaps unprotected."""
    if fault in set(Failpoint):
        arm(Failpoint(fault), at)
    else:
        Disk((folder / "journal", folder / "archive"), cast("Fault", fault), at).mount()
    REMOVED[removed]()


def in_child(
    work: Callable[[Path], None], folder: Path, doomed: Callable[[], None] | None = None
) -> int:
    """Run something in a process of its own, perhaps a doomed one, and return its exit code."""
    return exit_code(fork(work, folder, doomed))


def exit_code(pid: int) -> int:
    """Wait for a process."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fork(
    work: Callable[[Path], None], folder: Path, doomed: Callable[[], object] | None = None
) -> int:
    """Start something in a process of its own, after something else, and return its id."""
    pid = os.fork()
    if pid:
        return pid
    code = DEFECT
    try:
        if doomed is not None:
            doomed()
        work(folder)
        code = 0
    except (OSError, EvidenceError):
        code = FAILED
    finally:
        if code == DEFECT:
            traceback.print_exc()
        os._exit(code)


def meet(folder: Path, fault: str, at: int, removed: str) -> bool:
    """Let a life end at one call and see what recovery makes of it; False when it never came."""
    ended = in_child(live, folder, partial(doom, folder, fault, at, removed))
    if ended not in {0, ENDS.get(fault, DEAD)}:
        say(folder, f"ended with {ended}")
    again = in_child(heal, folder, partial(doom, folder, "kill", random.Random(at).randrange(60)))
    if again not in {0, DEAD}:
        say(folder, f"recovery ended with {again}")
    checked = in_child(check, folder)
    if checked:
        say(folder, f"the last recovery ended with {checked}")
    return ended != 0


def main(root: Path, faults: str, first: int, step: int, removed: str) -> None:
    """Meet each fault at one call after the other until a life ends by itself."""
    warm_up(root)
    counts = {}
    for fault in faults.split(","):
        counts[fault] = 0
        for at in count(first, step):
            folder = root / f"{fault}-{at}"
            shutil.copytree(root / "left", folder)
            if not meet(folder, fault, at, removed):
                break
            counts[fault] += 1
    sys.stdout.write(json.dumps(counts))


def make_small() -> None:
    """Let a short story have several blocks, segments and journal files."""
    for (module, limit), value in SMALL.items():
        setattr(module, limit, value)


if __name__ == "__main__":
    make_small()
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
