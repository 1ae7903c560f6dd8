"""Frames taken out of a case as files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from polars.exceptions import PolarsError

from gateway.evidence.files import check_name, rename_anew
from workbench.case.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import polars as pl

PARQUET: Final = ".parquet"
CSV: Final = ".csv"


def write_frame(frame: pl.DataFrame, directory: Path, name: str) -> Path:
    """Write a frame to a new file, as the ending of its name says; raises CaseError."""
    try:
        path = directory / check_name(name, what="the export")
    except ValueError as error:
        raise CaseError(str(error)) from error
    writers: dict[str, Callable[[Path], None]] = {
        PARQUET: frame.write_parquet,
        CSV: frame.write_csv,
    }
    write = writers.get(path.suffix)
    if write is None:
        raise CaseError(f"{name} must end in {PARQUET} or {CSV}, which says how to write it")
    directory.mkdir(mode=0o700, exist_ok=True)
    temporary = path.with_name(f".{name}.unfinished")
    try:
        write(temporary)
        rename_anew(temporary, path)
    except FileExistsError as error:
        raise CaseError(f"{path} exists already: choose another name") from error
    except (PolarsError, OSError) as error:
        remedy = f"; write lists and structures as {PARQUET}" if path.suffix == CSV else ""
        raise CaseError(f"{name} was not written: {error}{remedy}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return path
