"""Writing the files of a converted segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from workbench.archive import files
from workbench.archive.detail import Told
from workbench.archive.files import TOLD, RowGroups

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SCHEMA = pa.schema([("number", pa.int64()), ("value", pa.binary())])


def test_rows_wait_for_a_group_of_their_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small blocks make no small row groups, and the rest is written at the end."""
    monkeypatch.setattr(files, "ROW_GROUP_ROWS", 4)
    groups = RowGroups(tmp_path / "f.parquet", SCHEMA)
    for start in range(0, 6, 2):
        groups.write_columns([[start, start + 1], [b"x", None]])
    groups.close()

    read = pq.ParquetFile(tmp_path / "f.parquet")

    assert [4, 2] == [read.metadata.row_group(index).num_rows for index in (0, 1)]
    assert list(range(6)) == read.read()["number"].to_pylist()
    assert 6 == groups.row_count


def test_large_values_make_a_group_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is bounded by its bytes as well."""
    monkeypatch.setattr(files, "ROW_GROUP_BYTES", 100)
    groups = RowGroups(tmp_path / "f.parquet", SCHEMA)
    for number in range(3):
        groups.write_columns([[number], [b"x" * 100]])
    groups.close()

    assert 3 == pq.ParquetFile(tmp_path / "f.parquet").metadata.num_row_groups


def test_a_file_without_rows_has_its_columns(tmp_path: Path) -> None:
    """An empty table is a table."""
    groups = RowGroups(tmp_path / "f.parquet", SCHEMA)
    groups.close()

    read = pq.read_table(tmp_path / "f.parquet")

    assert (0, SCHEMA.names) == (read.num_rows, read.schema.names)


def test_payloads_have_no_statistics(tmp_path: Path) -> None:
    """The least and greatest value of a payload would only cost their size."""
    groups = RowGroups(tmp_path / "f.parquet", SCHEMA)
    groups.write_columns([[1], [b"x"]])
    groups.close()

    group = pq.ParquetFile(tmp_path / "f.parquet").metadata.row_group(0)

    assert [True, False] == [group.column(index).is_stats_set for index in (0, 1)]


def test_every_value_that_a_detail_tells_has_its_column() -> None:
    """The two lists are one."""
    assert list(Told.__struct_fields__) == [field.name for field in TOLD]
