"""Writing the tables as files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.workbench.archive.recording import Client, Place, Recording, batch, opened
from workbench.archive.cache import hash_file
from workbench.archive.export import ExportError, export
from workbench.tables.schemas import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.archive import Archive

ALICE = Client(session="s1")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Open an archive with something in it."""
    recording = Recording()
    recording.produce(ALICE, Place(topic="copies"), batch(b"z"))
    recording.deliver(ALICE, Place(), batch(b"a", b"b"), batch(b"c", first=2)[:20])
    recording.end_segment()
    recording.deliver(ALICE, Place(), batch(b"a", b"b"))
    recording.commit(ALICE, Place(first=1))
    recording.produce(ALICE, Place(topic="copies"), batch(b"b"))
    return opened(tmp_path, recording)


def test_each_table_becomes_a_file_with_its_rows(archive: Archive, tmp_path: Path) -> None:
    """Whoever has no workbench reads the same rows."""
    export(archive, tmp_path / "out")

    for table in TABLES:
        read = pl.read_parquet(tmp_path / "out" / f"{table.name}.parquet")
        assert table.schema == read.schema, table.name
        assert getattr(archive, table.name).collect().equals(read), table.name


def test_the_manifest_says_what_was_written_from_what(archive: Archive, tmp_path: Path) -> None:
    """Rows, sizes and hashes of each file, and the hashes of the segments."""
    manifest = export(archive, tmp_path / "out")

    written = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (1, 0, 1) == (
        written["schema_version"],
        written["fault_count"],
        written["information_count"],
    )
    assert [table.name for table in TABLES] == [each["table"] for each in written["tables"]]
    reads = next(each for each in written["tables"] if each["table"] == "reads")
    stored = hash_file(tmp_path / "out" / "reads.parquet")
    assert {
        "table": "reads",
        "file": "reads.parquet",
        "row_count": 4,
        "stored": {"sha256": stored.sha256, "byte_count": stored.byte_count},
    } == reads
    hashes = [entry.stored.sha256 for entry in archive.segments]
    assert hashes == [each["stored"]["sha256"] for each in written["segments"]]
    assert 1 == manifest.information_count


def test_two_exports_are_the_same_bytes(archive: Archive, tmp_path: Path) -> None:
    """Rows stand in an order that depends on nothing but the archive."""
    one = export(archive, tmp_path / "one")
    two = export(archive, tmp_path / "two")

    assert one == two


def test_only_the_tables_named_are_written(archive: Archive, tmp_path: Path) -> None:
    """They come in the order of the tables."""
    manifest = export(archive, tmp_path / "out", ["reads", "sessions"])

    assert ["sessions", "reads"] == [file.table for file in manifest.tables]
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert ["manifest.json", "reads.parquet", "sessions.parquet"] == names


def test_an_earlier_export_is_replaced(archive: Archive, tmp_path: Path) -> None:
    """Nothing of it stays that the new manifest does not name."""
    export(archive, tmp_path / "out")
    export(archive, tmp_path / "out", ["gaps"])

    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert ["gaps.parquet", "manifest.json"] == names


def test_a_folder_with_something_else_is_left_alone(archive: Archive, tmp_path: Path) -> None:
    """Nobody's files are mixed with evidence, or replaced by it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")

    with pytest.raises(ExportError, match="something else"):
        export(archive, tmp_path / "out")
    assert ["thesis.txt"] == [path.name for path in (tmp_path / "out").iterdir()]


def test_a_path_that_is_no_folder_is_refused(archive: Archive, tmp_path: Path) -> None:
    """The message names it."""
    (tmp_path / "out").write_text("a file")

    with pytest.raises(ExportError, match="cannot be used"):
        export(archive, tmp_path / "out")
