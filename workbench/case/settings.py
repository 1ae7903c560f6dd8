"""What a case is about, as `case.json` says it; written once, and named by the custody log."""

from __future__ import annotations

import os
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.errors import UNREADABLE_JSON, ProofError
from gateway.evidence.files import sync_directory, write_all
from gateway.evidence.log.keys import decode_vkey
from workbench.archive import check
from workbench.case.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Sequence

CASE_FORMAT: Final = 1
SETTINGS: Final = "case.json"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of case.json."""

    streamwitness_case: int = CASE_FORMAT
    name: str
    archives: dict[str, str]
    """Their paths by their names; a relative path counts from the case."""
    root_key: str | None = None
    """The root key that whoever opened the case was given, as text."""


def settings_of(
    folder: Path, *, name: str, archives: Sequence[str | Path], root_key: str | None
) -> Settings:
    """Return what a new case is about; raises CaseError, and ArchiveError for what is none."""
    if not archives:
        raise CaseError("a case needs at least one archive")
    paths = [Path(each) for each in archives]
    for path in paths:
        check(path)
    names = [path.resolve().name for path in paths]
    if len(set(names)) < len(names):
        raise CaseError(f"two archives have one name: {', '.join(names)}; rename one of them")
    try:
        key = None if root_key is None else decode_vkey(root_key).vkey
    except ProofError as error:
        raise CaseError(f"the root key cannot be used: {error}") from error
    stored = {path.resolve().name: shown(path, folder) for path in paths}
    return Settings(name=name, archives=stored, root_key=key)


def shown(path: Path, folder: Path) -> str:
    """Return a path as the case names it: relative to its folder where it lies in there."""
    absolute, case = path.resolve(), folder.resolve()
    return str(absolute.relative_to(case) if absolute.is_relative_to(case) else absolute)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex; raises CaseError."""
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error}") from error


def write_new(path: Path, content: bytes) -> None:
    """Write a new file durably; raises CaseError."""
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            write_all(fd, [content])
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_directory(path.parent)
    except OSError as error:
        raise CaseError(f"the case cannot be written: {error}") from error


def read_settings(folder: Path) -> tuple[Settings, bytes]:
    """Return what a case is about, and the bytes that say so; raises CaseError."""
    try:
        content = (folder / SETTINGS).read_bytes()
        settings = msgspec.json.decode(content, type=Settings)
    except (OSError, *UNREADABLE_JSON) as error:
        message = f"{folder} is no case: {error}; make one with `streamwitness case create`"
        raise CaseError(message) from error
    if settings.streamwitness_case != CASE_FORMAT:
        raise CaseError(f"{folder} has format {settings.streamwitness_case}: update this tool")
    return settings, content
