"""Fill the disk under the journal or the archive, size after size; a program, not a test.

For each size of a tmpfs a process records and seals one story until there is no more room. Then
room is made, and another process recovers. Prints a line for each problem, and last the number of
disks that were filled. tmpfs takes a part of the write before the one that it refuses.

Arguments: a folder, `journal` or `archive`, and the protection that the first process lacks.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.crashes.filesystem import resize, tmpfs
from tests.gateway.sealer.faults import FAILED, heal, in_child, live, make_small, say, warm_up
from tests.gateway.sealer.history import problems, read_notes
from tests.gateway.sealer.unprotected import REMOVED

PAGE_BYTES = 4096
# So many that the story fits.
PAGES_MAX = 1_000
ROOM_BYTES = 64 * 1024 * 1024


def check(folder: Path) -> None:
    """Recover, and say what is wrong."""
    heal(folder)
    say(folder, *problems(folder / "archive", read_notes(folder / "notes")))


def fill(folder: Path, full: str, pages: int, removed: str) -> bool:
    """Run a life on a disk of that size and see what is left of it; False when it had room."""
    folder.mkdir()
    with tmpfs(folder / full, pages * PAGE_BYTES):
        ended = in_child(live, folder, REMOVED[removed])
        if ended not in {0, FAILED}:
            say(folder, f"ended with {ended}")
        resize(folder / full, ROOM_BYTES)
        # A life may end before anything is noted.
        (folder / "notes").touch()
        checked = in_child(check, folder)
        if checked:
            say(folder, f"recovery ended with {checked}")
    return ended != 0


def main(root: Path, full: str, removed: str) -> None:
    """Fill disks, each larger than the one before, until one is large enough."""
    warm_up(root)
    filled = 0
    for pages in range(1, PAGES_MAX):
        if not fill(root / f"{full}-{pages}", full, pages, removed):
            break
        filled += 1
    sys.stdout.write(f"{filled}")


if __name__ == "__main__":
    make_small()
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
