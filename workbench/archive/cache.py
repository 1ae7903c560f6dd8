"""Where converted segments lie: one folder each, named by what it was made from.

CACHE/segments/<key>/   sealed segments; kept, found again by the hash of the segment's bytes
CACHE/segments/.<...>/  conversions under way
CACHE/unsealed/         the same, made with keys: what was encrypted is in clear here

Segments that are still being written go into a folder that ends with the process.
"""

from __future__ import annotations

import atexit
import hashlib
import secrets
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from gateway.evidence.reader import Block, read_segment
from gateway.evidence.segment import is_partial
from workbench.archive.conversion import Conversion, Summary
from workbench.archive.keys import KeyRing

# Counts up when the files of a converted segment change in content or form.
CACHE_FORMAT: Final = 5
_ENTRY: Final = "entry.json"
_LEFTOVER_SECONDS: Final = 86_400


class Stored(msgspec.Struct, frozen=True):
    """The bytes of a segment file: their SHA-256 in hex, and how many they are."""

    sha256: str
    byte_count: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a converted segment; the content of its entry.json."""

    format: int
    origin: str
    segment: str
    stored: Stored
    store: int
    """A number that stands for the segment in its files."""
    is_sound: bool
    """Whether reading the segment, taken by itself, met no damage."""
    summary: Summary
    file_bytes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Converted:
    """A converted segment: its entry and the folder with its files."""

    entry: Entry
    directory: Path

    def file(self, name: str) -> Path:
        """Return the path of one of the files of workbench.archive.files."""
        return self.directory / f"{name}.parquet"


@cache
def temporary_directory() -> Path:
    """Make a folder that goes when the process ends; frames may read there until then."""
    directory = Path(tempfile.mkdtemp(prefix="streamwitness-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    return directory


class Cache:
    """Converts segments, or finds them converted.

    With keys it holds in clear what the archive does not: whoever gives it a lasting place wants
    that. What was converted with other keys than there are now is converted again.
    """

    def __init__(self, directory: Path, keys: KeyRing | None = None) -> None:
        self.directory = directory
        self.keys = keys or KeyRing()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        kind = "unsealed" if self.keys.files else "segments"
        self._kept = directory / kind
        self._kept.mkdir(mode=0o700, exist_ok=True)
        _remove_leftovers(self._kept)
        self._live = temporary_directory() / f"live-{kind}"
        self._live.mkdir(mode=0o700, exist_ok=True)

    def find(self, path: Path) -> Converted | None:
        """Return a segment that was converted as it is now; None also when it cannot be read."""
        try:
            return self._load(self._place(path, hash_file(path)))
        except OSError:
            return None

    def converted(self, path: Path) -> Converted | None:
        """Return a segment converted as it is now, None for a file that cannot be read."""
        try:
            stored = hash_file(path)
        except OSError:
            return None
        place = self._place(path, stored)
        return self._load(place) or self._convert(path, stored, place)

    def _load(self, place: Path) -> Converted | None:
        """Load what was converted with the same keys, and with the lack of the same ones."""
        found = _load(place)
        unsealed = {} if found is None else found.entry.summary.unsealed
        is_same = all(
            why_not == self.keys.why_not(session) for session, why_not in unsealed.items()
        )
        return found if is_same else None

    def _place(self, path: Path, stored: Stored) -> Path:
        is_sealed = not is_partial(path.name)
        return (self._kept if is_sealed else self._live) / _key(path, stored)

    def _convert(self, path: Path, stored: Stored, place: Path) -> Converted:
        under_way = place.with_name(f".{place.name}.{secrets.token_hex(8)}")
        under_way.mkdir(mode=0o700)
        store = int(place.name[:15], 16)
        entry = _convert(path, under_way, stored, self.keys, store=store)
        (under_way / _ENTRY).write_bytes(msgspec.json.encode(entry))
        if place.parent == self._live or hash_file(path) == stored:
            return self._publish(under_way, place, entry)
        # What is kept must have been made from the bytes that it is kept for.
        return Converted(entry, Path(shutil.move(under_way, self._live / under_way.name)))

    def _publish(self, under_way: Path, target: Path, entry: Entry) -> Converted:
        try:
            under_way.rename(target)
        except OSError:
            # Somebody else was faster, with the same content: or left something that is no entry,
            # or what was made with other keys.
            shutil.rmtree(target if self._load(target) is None else under_way)
            with suppress(FileNotFoundError):
                under_way.rename(target)
        return Converted(entry, target)


def _remove_leftovers(kept: Path) -> None:
    """Remove what conversions left that were cut off; none takes as long as a day."""
    for under_way in kept.glob(".*"):
        with suppress(OSError):
            if time.time() - under_way.stat().st_mtime > _LEFTOVER_SECONDS:
                shutil.rmtree(under_way)


def _convert(path: Path, directory: Path, stored: Stored, keys: KeyRing, *, store: int) -> Entry:
    origin = path.parent.parent.name
    conversion = Conversion(directory, keys, origin=origin, segment=path.name, store=store)
    is_sound = True
    for found in read_segment(path):
        if isinstance(found, Block):
            conversion.add(found)
        elif not found.is_information:
            is_sound = False
    summary = conversion.finish()
    return Entry(
        format=CACHE_FORMAT,
        origin=origin,
        segment=path.name,
        stored=stored,
        store=store,
        is_sound=is_sound,
        summary=summary,
        file_bytes={file.name: file.stat().st_size for file in directory.iterdir()},
    )


def _load(directory: Path) -> Converted | None:
    try:
        entry = msgspec.json.decode((directory / _ENTRY).read_bytes(), type=Entry)
        sizes = {name: (directory / name).stat().st_size for name in entry.file_bytes}
    except (OSError, msgspec.MsgspecError):
        return None
    if entry.format != CACHE_FORMAT or sizes != entry.file_bytes:
        return None
    return Converted(entry, directory)


def _key(path: Path, stored: Stored) -> str:
    """Name a conversion: the rows depend on the bytes, and on the place that they were found in."""
    place = f"{CACHE_FORMAT}\n{path.parent.parent.name}\n{path.name}\n{stored.sha256}\n"
    return hashlib.sha256(place.encode()).hexdigest()


def hash_file(path: Path) -> Stored:
    """Hash a file as it is now."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Stored(digest, file.tell())
