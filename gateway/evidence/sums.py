"""The signed list of an origin's files: coreutils and signify check an archive with it.

Each line is `SHA256 (path) = hex`, paths counting from the origin's folder, in their order; the
list is a signed file in signify's form (`gateway.evidence.log.signify`).
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from gateway.evidence.archive import LOCK, MARKER
from gateway.evidence.errors import ArchiveError, DamagedError
from gateway.evidence.log.folder import CHECKPOINT, UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LIST: Final = "SHA256SUMS.sig"
KEY_FILE: Final = "recorder.pub"
_LINE: Final = re.compile(r"SHA256 \(([!-'*-~]+)\) = ([0-9a-f]{64})")
# The archive's marker belongs to all origins.
_MARKER: Final = f"../{MARKER}"
_NEVER: Final = re.compile(rf"{re.escape(LIST)}|.*\.lock|.*{re.escape(UNFINISHED)}")
_CHANGING: Final = re.compile(rf"log/{CHECKPOINT}|log/tile/.*\.p/[0-9]+|segments/.*\.partial")
assert LOCK.endswith(".lock"), "locks hold nothing, and stay out of the list by their name"


def encode_sums(sums: Mapping[str, str]) -> str:
    """Return the list of paths with their SHA-256 in hex."""
    return "".join(f"SHA256 ({path}) = {sums[path]}\n" for path in sorted(sums))


def decode_sums(text: str) -> dict[str, str]:
    """Return what a list says; raises DamagedError unless it is as `encode_sums` writes it."""
    sums: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match is None or not _is_inside(match[1]):
            raise DamagedError(f"the list of files has a line that is none of its: {line[:100]!r}")
        sums[match[1]] = match[2]
    if encode_sums(sums) != text:
        raise DamagedError("the list of files is not in the order in which it is written")
    return sums


def listed_paths(directory: Path, *, is_final: bool) -> Iterator[str]:
    """Yield the files of an origin that belong into its list.

    While it is recorded into, these are the files that never change again; when it is `is_final`,
    all of them.
    """
    if (directory / _MARKER).is_file():
        yield _MARKER
    for path in directory.rglob("*"):
        name = path.relative_to(directory).as_posix()
        if not _NEVER.fullmatch(name) and path.is_file() and (is_final or not is_changing(name)):
            yield name


def is_changing(path: str) -> bool:
    """Tell whether a recorder that is started again changes or removes the file."""
    return _CHANGING.fullmatch(path) is not None


def refuse_final(directory: Path) -> None:
    """Raise ArchiveError when the list of an origin names its newest checkpoint.

    Nobody but its recorder could make that list true again.
    """
    try:
        text = (directory / LIST).read_text("ascii")
    except (OSError, ValueError):
        return
    if f"SHA256 (log/{CHECKPOINT}) = " in text:
        raise ArchiveError(
            f"recording into {directory} has ended, and its list of files names log/{CHECKPOINT}, "
            "which must stay as it is: keep the cosigned checkpoint elsewhere, with --out FILE"
        )


def file_sum(path: Path) -> str:
    """Return the SHA-256 of a file in hex; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_inside(path: str) -> bool:
    return path == _MARKER or not (path.startswith("/") or ".." in path.split("/"))
