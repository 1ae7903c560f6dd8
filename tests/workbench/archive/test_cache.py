"""Where converted segments lie, and when they are used again."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.event import EventKind
from gateway.evidence.reader import read_segment
from tests.workbench.archive.encrypted import Encrypted
from tests.workbench.archive.recording import Client, Place, Recording, batch, segment_files, spoil
from workbench.archive import cache as cache_module
from workbench.archive.cache import (
    CACHE_FORMAT,
    Cache,
    Converted,
    hash_file,
    temporary_directory,
)

if TYPE_CHECKING:
    from workbench.archive import Archive

ALICE = Client(session="s1")


@pytest.fixture
def segment(tmp_path: Path) -> Path:
    """Write an archive of one sealed segment and return its path."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"v"))
    recording.end_block()
    recording.deliver(ALICE, Place(partition=1), batch(b"w"))
    recording.write(tmp_path / "archive")
    return segment_files(tmp_path)[0]


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Make a cache."""
    return Cache(tmp_path / "cache")


def converted(cache: Cache, path: Path) -> Converted:
    """Convert a segment that can be read."""
    found = cache.converted(path)
    assert found is not None
    return found


def count_conversions(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Note every conversion from now on."""
    noted: list[Path] = []

    def noting(path: Path) -> object:
        noted.append(path)
        return read_segment(path)

    monkeypatch.setattr(cache_module, "read_segment", noting)
    return noted


def test_a_segment_is_converted_once(
    cache: Cache, segment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same bytes in the same place are found again, by any process."""
    noted = count_conversions(monkeypatch)
    first = converted(cache, segment)
    second = converted(Cache(tmp_path / "cache"), segment)

    assert first == second
    assert [segment] == noted
    assert all(first.file(name).is_file() for name in ("events", "records"))


def test_an_entry_tells_what_it_was_made_from(cache: Cache, segment: Path) -> None:
    """Origin, file, hash and soundness stand beside the files."""
    entry = converted(cache, segment).entry

    assert ("gw", segment.name, hash_file(segment), True) == (
        entry.origin,
        entry.segment,
        entry.stored,
        entry.is_sound,
    )


def test_a_changed_segment_is_converted_anew(
    cache: Cache, segment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under its old name it has another hash: nothing that was checked before is claimed of it."""
    before = converted(cache, segment)
    original = segment.read_bytes()
    spoil(segment, 0)
    damaged = converted(cache, segment)
    segment.write_bytes(original)
    noted = count_conversions(monkeypatch)
    restored = converted(cache, segment)

    assert [True, False] == [before.entry.is_sound, damaged.entry.is_sound]
    assert before.directory != damaged.directory
    assert (before, []) == (restored, noted)


def test_a_segment_in_another_place_is_another(cache: Cache, segment: Path) -> None:
    """Its rows tell where it was found."""
    copy = segment.with_name(f"{1:020d}.arrow.zst")
    shutil.copy(segment, copy)

    assert converted(cache, segment).directory != converted(cache, copy).directory


def test_a_segment_being_written_is_not_kept(tmp_path: Path) -> None:
    """It is converted as it is now, where nothing outlives the process."""
    cache = Cache(tmp_path / "cache")
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    recording.write(tmp_path / "archive", is_sealed=False)
    (partial,) = segment_files(tmp_path)

    found = converted(cache, partial)

    assert temporary_directory() in found.directory.parents
    assert found.entry.is_sound
    assert found == converted(cache, partial)
    assert [] == list((tmp_path / "cache" / "segments").iterdir())


def test_a_segment_that_changes_under_the_reader_is_not_kept(
    cache: Cache, segment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are filed under a hash only when the file had it before and after they were read."""

    def changing(path: Path) -> object:
        yield from read_segment(path)
        spoil(path, 1)

    monkeypatch.setattr(cache_module, "read_segment", changing)

    assert temporary_directory() in converted(cache, segment).directory.parents
    assert cache.find(segment) is None


def test_a_file_that_cannot_be_read_is_not_converted(cache: Cache, segment: Path) -> None:
    """Scanning the archive tells what is wrong with it."""
    gone = segment.with_name("gone")

    assert cache.converted(gone) is None
    assert cache.find(gone) is None


@pytest.mark.parametrize("harm", ["entry", "size", "format", "missing"])
def test_a_harmed_entry_is_made_again(
    cache: Cache, segment: Path, monkeypatch: pytest.MonkeyPatch, harm: str
) -> None:
    """What a crash or a full disk left is not taken for a conversion."""
    found = converted(cache, segment)
    match harm:
        case "entry":
            (found.directory / "entry.json").write_text("{")
        case "size":
            found.file("records").write_bytes(b"short")
        case "missing":
            found.file("records").unlink()
        case _:
            text = (found.directory / "entry.json").read_text()
            (found.directory / "entry.json").write_text(
                text.replace(f'"format":{CACHE_FORMAT}', '"format":1')
            )
    noted = count_conversions(monkeypatch)

    again = converted(cache, segment)

    assert ([segment], found) == (noted, again)
    assert again == converted(cache, segment)


def test_two_who_convert_at_once_do_not_disturb_each_other(
    cache: Cache, segment: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The second one finds the work done when it wants to file its own."""
    others: list[Converted] = []

    def overtaken(path: Path) -> object:
        monkeypatch.setattr(cache_module, "read_segment", read_segment)
        others.append(converted(Cache(tmp_path / "cache"), path))
        return read_segment(path)

    monkeypatch.setattr(cache_module, "read_segment", overtaken)
    found = converted(cache, segment)

    assert [found] == others
    assert 1 == len(list((tmp_path / "cache" / "segments").iterdir()))


def test_nobody_else_may_read_the_cache(cache: Cache, segment: Path, tmp_path: Path) -> None:
    """It holds what clients read, unlike the archive under nobody's guard but this user's."""
    found = converted(cache, segment)

    for directory in (tmp_path / "cache", found.directory.parent, found.directory):
        assert 0o700 == stat.S_IMODE(directory.stat().st_mode), directory


@pytest.mark.parametrize(("age_hours", "is_left"), [(1, True), (25, False)])
def test_what_was_cut_off_long_ago_is_removed(
    tmp_path: Path, age_hours: int, *, is_left: bool
) -> None:
    """A conversion that another process is at stays; none takes as long as a day."""
    Cache(tmp_path)
    under_way = tmp_path / "segments" / ".key.0123"
    under_way.mkdir()
    (under_way / "records.parquet").write_bytes(b"part")
    then = time.time() - age_hours * 3600
    os.utime(under_way, (then, then))

    Cache(tmp_path)

    assert is_left == under_way.exists()


def test_two_conversions_have_two_places(cache: Cache, segment: Path) -> None:
    """What is found is what was converted from these very bytes."""
    assert cache.find(segment) is None
    first = converted(cache, segment)
    assert first == cache.find(segment)
    spoil(segment, 0)
    assert cache.find(segment) is None


def test_what_is_temporary_goes_with_the_process() -> None:
    """The folder for one process is removed when it ends."""
    code = (
        "from workbench.archive.cache import temporary_directory as directory\n"
        "print(directory()); assert directory().is_dir()"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert not Path(done.stdout.strip()).exists()
    assert temporary_directory() is temporary_directory()


def test_what_was_opened_with_keys_is_kept_in_a_named_cache_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default it lies in a folder that goes, for the user's caches outlive an erasure."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    encrypted = Encrypted(tmp_path, delivery())

    by_default = encrypted.open(with_keys=True)
    named = encrypted.open(with_keys=True, cache=tmp_path / "named")

    assert [b"v"] == values(by_default) == values(named)
    assert not (tmp_path / "user").exists()
    assert [tmp_path / "named" / "unsealed"] == [
        path.parent.parent for path in (tmp_path / "named").glob("*/*/records.parquet")
    ]


def test_what_was_converted_with_other_keys_is_converted_again(tmp_path: Path) -> None:
    """An erased session is gone from the cache as soon as the archive is opened again."""
    encrypted = Encrypted(tmp_path, delivery())
    cache = tmp_path / "named"
    assert [b"v"] == values(encrypted.open(with_keys=True, cache=cache))
    assert [] == values(encrypted.open(with_keys=False, cache=cache))
    assert [b"v"] == values(encrypted.open(with_keys=True, cache=cache))
    (kept,) = (cache / "unsealed").iterdir()
    before = (kept / "records.parquet").read_bytes()

    encrypted.erase("s1")

    assert [] == values(encrypted.open(with_keys=True, cache=cache))
    assert [kept] == list((cache / "unsealed").iterdir())
    assert before != (kept / "records.parquet").read_bytes()


def delivery() -> Recording:
    """Record that one session was sent something."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"v"))
    return recording


def values(archive: Archive) -> list[bytes]:
    """Return the values of the records."""
    return archive.records.collect()["value"].to_list()
