"""Opening an archive."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError
from gateway.evidence.event import EventKind
from gateway.evidence.writer import ArchiveWriter
from tests.workbench.archive.recording import Client, Place, Recording, batch, opened
from workbench.archive import open_archive
from workbench.tables.schemas import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.rows import Row
    from workbench.tables import Tables

ALICE = Client(session="s1")


def hashes(folder: Path) -> dict[Path, str]:
    """Hash every file in a folder."""
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_archive_has_the_nine_tables_as_declared(tmp_path: Path) -> None:
    """Each is lazy, with exactly the columns and types that its schema says."""
    recording = Recording()
    recording.produce(ALICE, Place(), batch(b"v"))
    recording.deliver(ALICE, Place(), batch(b"v"))

    archive: Tables = opened(tmp_path, recording)

    for table in TABLES:
        frame = getattr(archive, table.name)
        assert table.schema == frame.collect_schema(), table.name
        assert table.schema == frame.collect(engine="streaming").schema, table.name


def test_an_archive_without_events_has_the_nine_tables(tmp_path: Path) -> None:
    """A gateway that was just started can be looked at."""
    ArchiveWriter(tmp_path / "archive", "gw").close()

    archive = open_archive(tmp_path / "archive", cache=tmp_path / "cache")

    for table in TABLES:
        frame = getattr(archive, table.name).collect()
        assert table.schema == frame.schema, table.name
        assert ("gaps" == table.name) == (frame.height == 1), table.name
    assert ["no_end"] == archive.gaps.collect()["kind"].to_list()


def test_opening_changes_nothing_in_the_archive(tmp_path: Path) -> None:
    """Evidence is only ever read."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"v"))
    recording.write(tmp_path / "archive")
    before = hashes(tmp_path / "archive")

    archive = open_archive(tmp_path / "archive", cache=tmp_path / "cache")
    for table in TABLES:
        getattr(archive, table.name).collect()

    assert before == hashes(tmp_path / "archive")


def test_refreshing_sees_what_was_recorded_since(tmp_path: Path) -> None:
    """Frames from before stay as they were, also when their segment has been sealed."""
    recording = Recording()
    for _ in range(3):
        recording.add(EventKind.SESSION_OPEN, ALICE)
    rows: list[Row] = recording.rows()
    writer = ArchiveWriter(tmp_path / "archive", "gw")
    writer.append(rows[:1])
    archive = open_archive(tmp_path / "archive", cache=tmp_path / "cache")
    before = archive.sessions
    writer.append(rows[1:])
    writer.close()

    assert 0 == archive.sessions.collect()["last_sequence"].item()
    assert 2 == archive.refresh().sessions.collect()["last_sequence"].item()
    assert 0 == before.collect()["last_sequence"].item()
    assert 3 == archive.status.event_count


def test_frames_outlive_the_archive_that_gave_them(tmp_path: Path) -> None:
    """Also of a segment that is still being written."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)

    frame = opened(tmp_path, recording, is_sealed=False).sessions

    assert 1 == frame.collect().height


def test_an_archive_names_its_segments_with_their_hashes(tmp_path: Path) -> None:
    """A report can say from which bytes it was made."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)

    (segment,) = opened(tmp_path, recording).segments

    assert segment.stored.sha256 in hashes(tmp_path / "archive").values()


def test_an_archive_shows_what_it_is(tmp_path: Path) -> None:
    """A terminal gets lines, a notebook a table."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)

    archive = opened(tmp_path, recording)

    assert str(archive.status) == repr(archive)
    assert archive.status.to_html() == archive._repr_html_()


@pytest.mark.parametrize("inside", [".", "gw", "gw/segments", "gw/segments/0"])
def test_what_is_no_archive_is_refused_with_a_remedy(tmp_path: Path, inside: str) -> None:
    """A part of an archive names the whole; anything else is told where to look."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    archive = recording.write(tmp_path / "archive")
    path = tmp_path / "elsewhere" if inside == "." else archive / inside

    remedy = "names as `archive`" if inside == "." else f"open {archive}"
    with pytest.raises(ArchiveError, match=remedy):
        open_archive(path, cache=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_the_cache_is_the_users_unless_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What must leave no trace goes into a folder that ends with the process."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    path = str(recording.write(tmp_path / "archive"))

    temporary = open_archive(path, is_temporary=True)
    assert not (tmp_path / "caches").exists()
    default = open_archive(path)
    assert (tmp_path / "caches" / "streamwitness" / "segments").is_dir()
    assert temporary.sessions.collect().equals(default.sessions.collect())
