"""Let the kernel refuse each system call of the recorder and the sealer in turn; not a test.

strace attaches to a process that records and seals one story, and injects a fault into one call: it
fails with EIO or ENOSPC, or the process is killed as it makes it. Another process then recovers,
and the history must be whole. Prints a line for each problem, and last how many lives each fault
has ended.

Arguments: a folder, the number of the first case, the step from case to case, and the protection
that the first process lacks.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tests.gateway.sealer.faults import (
    FAILED,
    check,
    exit_code,
    fork,
    in_child,
    live,
    make_small,
    say,
    warm_up,
)
from tests.gateway.sealer.unprotected import REMOVED

if TYPE_CHECKING:
    from collections.abc import Iterator

# What writes, makes durable, names or removes; a call that does not exist on a machine counts none.
CALLS = (
    *("openat", "writev", "fsync", "fdatasync", "ftruncate", "flock"),
    *("rename", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "chmod"),
)
FAULTS = {"EIO": "error=EIO", "ENOSPC": "error=ENOSPC", "SIGKILL": "signal=KILL"}
NEEDS = "strace cannot be used here: apt-get install strace, and allow ptrace"


def traced(folder: Path, *options: str, removed: str = "none") -> int:
    """Let a life be traced by strace from its first call on, and return its exit code."""
    waits, go = os.pipe()

    def begin() -> None:
        os.close(go)
        os.read(waits, 1)
        REMOVED[removed]()

    pid = fork(live, folder, begin)
    command = ["strace", "-f", "-p", str(pid), "-o", str(folder / "trace"), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        said = strace.stderr.readline()
        assert "attached" in said, f"{NEEDS}: {said}"
        os.close(go)
        os.close(waits)
        return exit_code(pid)


def copy_of(root: Path, name: str) -> Path:
    """Return a folder with the journal that somebody left."""
    folder = root / name
    shutil.copytree(root / "left", folder)
    return folder


def cases(root: Path) -> Iterator[tuple[str, str, int]]:
    """Yield each fault, call and occurrence, as an undisturbed life makes them."""
    folder = copy_of(root, "undisturbed")
    code = traced(folder, "-e", f"trace={','.join(f'?{call}' for call in CALLS)}")
    assert code == 0, "a life without a fault ends well"
    lines = (folder / "trace").read_text().splitlines()
    made = Counter(line.split()[1].partition("(")[0] for line in lines if "(" in line)
    for call in CALLS:
        for occurrence in range(1, made[call] + 1):
            yield from ((fault, call, occurrence) for fault in FAULTS)


def main(root: Path, first: int, step: int, removed: str) -> None:
    """Meet every so many of the cases."""
    warm_up(root)
    counts = dict.fromkeys(FAULTS, 0)
    for fault, call, occurrence in islice(cases(root), first, None, step):
        folder = copy_of(root, f"{fault}-{call}-{occurrence}")
        injection = f"inject={call}:{FAULTS[fault]}:when={occurrence}"
        ended = traced(folder, "-e", f"trace={call}", "-e", injection, removed=removed)
        if ended not in {0, FAILED, -signal.SIGKILL}:
            say(folder, f"ended with {ended}")
        checked = in_child(check, folder)
        if checked:
            say(folder, f"recovery ended with {checked}")
        counts[fault] += ended != 0
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    make_small()
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
