"""The files that a custody log names: whether they are still what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.case.settings import hash_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workbench.case.custody import Custody


def changed_files(folder: Path, custody: Custody) -> Iterator[tuple[str, bool]]:
    """Yield the name of each recorded file that is not as it was, and whether it is gone.

    A file that was recorded more than once, such as a report that was built anew, is compared with
    its newest entry.
    """
    newest = {
        entry.thing.name: entry.thing.sha256
        for entry in custody.entries
        if entry.thing is not None and entry.thing.sha256 is not None
    }
    for name, digest in newest.items():
        path = folder / name
        if not path.is_file():
            yield name, True
        elif hash_of(path) != digest:
            yield name, False
