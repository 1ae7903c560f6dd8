"""Copying the chosen part of an archive, byte by byte."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from gateway.evidence.archive import LOCK, MARKER, origins, segments_directory
from gateway.evidence.log.folder import CHECKPOINT, UNFINISHED, log_directory
from gateway.evidence.selection import SELECTION
from workbench.package.errors import PackageError
from workbench.package.sums import KEY_FILE, SIGNED, UNSIGNED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workbench.package.choosing import Choice

README: Final = "README.txt"
VERIFIER: Final = "verify.py"
DESCRIPTION: Final = "package.json"
ONTOLOGY: Final = "case.jsonld"
KEYS: Final = "keys"
PROOFS: Final = "proofs"
REPORT: Final = "report"
CUSTODY: Final = "custody"
# What a package holds besides an archive; an archive that is a package itself has them too.
OWN_FILES: Final = frozenset(
    {README, VERIFIER, DESCRIPTION, ONTOLOGY, SELECTION, UNSIGNED, SIGNED, KEY_FILE}
)
OWN_FOLDERS: Final = frozenset({KEYS, PROOFS, REPORT, CUSTODY})


def copy_archive(archive: Path, package: Path, choice: Choice) -> None:
    """Copy the chosen segments, and whatever else the archive holds but locks; raises PackageError.

    The checkpoint is copied first and segments come last, so that the copy of an archive that is
    being written holds what its checkpoint covers.
    """
    clash = OWN_FOLDERS.intersection(origins(archive))
    if clash:
        names = ", ".join(sorted(clash))
        raise PackageError(f"the origin {names} has a name that a package needs for itself")
    try:
        for path in filter(_is_kept, _files(archive, choice)):
            target = package / path.relative_to(archive)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    except FileNotFoundError as error:
        message = f"the archive changed while it was copied ({error}): try again"
        raise PackageError(message) from error
    except OSError as error:
        raise PackageError(f"the archive cannot be copied: {error}") from error


def _files(archive: Path, choice: Choice) -> Iterator[Path]:
    yield from (archive / MARKER,) if (archive / MARKER).exists() else ()
    for origin in choice.segments:
        checkpoint = log_directory(archive, origin) / CHECKPOINT
        yield from (checkpoint,) if checkpoint.exists() else ()
    absent = set(origins(archive)).difference(choice.segments)
    chosen = {path.parent for paths in choice.segments.values() for path in paths}
    for top in sorted(archive.iterdir()):
        if top.name in absent or top.name in OWN_FILES or top.name in OWN_FOLDERS:
            continue
        for path in [top, *sorted(top.rglob("*"))]:
            is_first = path.name == CHECKPOINT or path == archive / MARKER
            if not is_first and path.parent not in chosen:
                yield path
    for origin, paths in choice.segments.items():
        for path in paths:
            path.stat()  # Raises when it is gone since: that is no other file that went.
            yield path
        others = segments_directory(archive, origin).iterdir()
        yield from sorted(path for path in others if not path.name.endswith(_SEGMENTS))


# A key that somebody put into the archive must not leave with it.
_SECRETS: Final = (b"PRIVATE KEY-----", b"AGE-SECRET-KEY-")
_START_BYTES: Final = 4096
_SEGMENTS: Final = (".arrow.zst", ".arrow.zst.partial")


def _is_kept(path: Path) -> bool:
    if not path.name.isprintable():
        raise PackageError(
            f"{str(path)!r} has a name that no list of hashes can hold, so no gateway wrote it: "
            "move it away"
        )
    if path.is_symlink():
        raise PackageError(f"{path} is a link, and what it leads to is no part of the archive")
    if not path.is_file() or path.name == LOCK or path.name.endswith((UNFINISHED, ".lock")):
        return False
    with path.open("rb") as file:
        start = file.read(_START_BYTES)
    if any(sign in start for sign in _SECRETS):
        raise PackageError(f"{path} is a private key, which nobody must be given: move it away")
    return True
