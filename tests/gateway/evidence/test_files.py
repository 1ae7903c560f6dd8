"""Durable writing: every byte, in order, and never over something else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.files import (
    WRITE_BUFFERS_MAX,
    check_name,
    make_directory,
    rename_anew,
    special_files,
    sync_content,
    sync_directory,
    write_all,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture
def target(tmp_path: Path) -> Iterator[int]:
    """Open an empty file for writing."""
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    yield fd
    os.close(fd)


def written(fd: int) -> bytes:
    """Return all that the file holds."""
    return os.pread(fd, 1 << 24, 0)


@pytest.mark.parametrize("name", ["gateway-1", "a", "A_b.c-d", "9" * 100])
def test_a_name_that_fits_every_file_system_passes(name: str) -> None:
    """Letters, digits and three signs work everywhere."""
    assert name == check_name(name, what="origin")


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "-option", "a/b", "a b", "ä", "a\n", "9" * 101]
)
def test_a_name_that_could_be_a_path_or_an_option_is_refused(name: str) -> None:
    """A name that comes from outside never leads out of its folder."""
    with pytest.raises(ValueError, match="cannot be used in a file name"):
        check_name(name, what="origin")


def test_buffers_are_written_in_order(target: int) -> None:
    """More buffers than one call takes, some of them empty, arrive as one run of bytes."""
    buffers = [b"%d," % number for number in range(WRITE_BUFFERS_MAX * 2 + 1)]
    buffers[3:3] = [b"", b""]

    assert len(b"".join(buffers)) == write_all(target, buffers)
    assert b"".join(buffers) == written(target)


@given(st.lists(st.binary(max_size=9), max_size=9), st.integers(1, 7))
def test_a_short_write_is_continued(buffers: list[bytes], limit: int) -> None:
    """However little the system takes at once, every byte is written once and in order."""
    taken = bytearray()

    def writev(_fd: int, pending: Sequence[bytes]) -> int:
        part = b"".join(pending)[:limit]
        taken.extend(part)
        return len(part)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "writev", writev)
        total = write_all(0, buffers)

    assert (len(b"".join(buffers)), b"".join(buffers)) == (total, bytes(taken))


def test_what_cannot_be_written_is_an_error() -> None:
    """The system's refusal is never passed over."""
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError):
        write_all(writing, [b"x"])
    os.close(writing)


def test_directories_are_made_with_their_parents(tmp_path: Path) -> None:
    """What exists already stays as it is."""
    make_directory(tmp_path / "a" / "b" / "c")
    make_directory(tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_directories_are_synced_from_the_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that its parent does not hold durably is lost with all that is in it."""
    synced: list[Path] = []
    monkeypatch.setattr("gateway.evidence.files.sync_directory", synced.append)
    make_directory(tmp_path / "a" / "b")

    assert [tmp_path, tmp_path / "a"] == synced


def test_a_directory_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call reaches the directory itself, and only a directory is one."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(os.fstat(fd).st_ino))
    sync_directory(tmp_path)
    (tmp_path / "file").touch()

    assert [tmp_path.stat().st_ino] == synced
    with pytest.raises(NotADirectoryError):
        sync_directory(tmp_path / "file")


@pytest.mark.parametrize("has_fdatasync", [True, False], ids=["Linux", "macOS"])
def test_content_is_synced_as_cheaply_as_the_system_can(
    target: int, monkeypatch: pytest.MonkeyPatch, *, has_fdatasync: bool
) -> None:
    """Where there is no fdatasync, fsync does the same and more."""
    called: list[str] = []
    monkeypatch.setattr(os, "fsync", lambda _: called.append("fsync"))
    monkeypatch.setattr(os, "fdatasync", lambda _: called.append("fdatasync"), raising=False)
    if not has_fdatasync:
        monkeypatch.delattr(os, "fdatasync")
    sync_content(target)

    assert called == ["fdatasync" if has_fdatasync else "fsync"]


def test_a_file_is_renamed_but_never_over_another(tmp_path: Path) -> None:
    """Whatever has the name already is evidence too."""
    first, second, wanted = (tmp_path / name for name in ("first", "second", "wanted"))
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    rename_anew(first, wanted)

    with pytest.raises(FileExistsError, match="would be overwritten"):
        rename_anew(second, wanted)
    assert [b"2", b"1"] == [second.read_bytes(), wanted.read_bytes()]


def test_what_has_no_end_is_found(tmp_path: Path) -> None:
    """Pipes and devices, also behind a link; links to nothing and to files are none."""
    (tmp_path / "folder" / "below").mkdir(parents=True)
    (tmp_path / "file").touch()
    (tmp_path / "to-file").symlink_to("file")
    (tmp_path / "to-nothing").symlink_to("nothing")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "folder" / "below" / "pipe")
    (tmp_path / "device").symlink_to("/dev/zero")

    assert {"pipe", "device"} == {path.name for path in special_files(tmp_path)}
    assert [] == list(special_files(tmp_path / "nowhere"))
