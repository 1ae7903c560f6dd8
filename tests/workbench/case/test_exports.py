"""Frames as files: new ones only, of the kind that their name says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from workbench.case.errors import CaseError
from workbench.case.exports import write_frame

if TYPE_CHECKING:
    from pathlib import Path

FRAME = pl.DataFrame({"a": [1, 2], "b": ["x", None]})


@pytest.mark.parametrize(("name", "read"), [("f.csv", pl.read_csv), ("f.parquet", pl.read_parquet)])
def test_the_ending_says_how_a_frame_is_written(tmp_path: Path, name: str, read: object) -> None:
    """What is read back is what was there."""
    write_frame(FRAME, tmp_path / "exports", name)

    assert callable(read)
    assert FRAME.equals(read(tmp_path / "exports" / name))


@pytest.mark.parametrize(
    ("name", "said"),
    [("f.xlsx", "must end in"), ("-f.csv", "file name"), ("f/../g.csv", "file name")],
)
def test_a_name_that_says_nothing_or_leads_elsewhere_is_refused(
    tmp_path: Path, name: str, said: str
) -> None:
    """Nothing is written then."""
    write_frame(FRAME, tmp_path / "exports", "g.csv")
    with pytest.raises(CaseError, match=said):
        write_frame(FRAME, tmp_path / "exports", name)

    assert ["g.csv"] == [path.name for path in (tmp_path / "exports").iterdir()]


def test_an_export_is_never_written_over(tmp_path: Path) -> None:
    """Its hash stands in the custody log already."""
    path = write_frame(FRAME, tmp_path, "f.csv")
    before = path.read_bytes()

    with pytest.raises(CaseError, match="exists already"):
        write_frame(FRAME.head(1), tmp_path, "f.csv")

    assert before == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_what_csv_cannot_hold_is_told(tmp_path: Path) -> None:
    """The remedy is named, and no half file is left."""
    with pytest.raises(CaseError, match="write lists and structures as"):
        write_frame(pl.DataFrame({"a": [[1, 2]]}), tmp_path, "f.csv")

    assert [] == list(tmp_path.iterdir())
