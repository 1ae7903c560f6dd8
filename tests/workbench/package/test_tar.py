"""A package as one file."""

from __future__ import annotations

import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from workbench.package.errors import PackageError
from workbench.package.tar import write_tar

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Write two files."""
    folder = tmp_path / "package"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "c").write_text("c")
    (folder / "a").write_text("a")
    return folder


def test_the_same_files_give_the_same_bytes(package: Path, tmp_path: Path) -> None:
    """Whatever their times and modes are; names are sorted and stand below the package's own."""
    write_tar(package, tmp_path / "one.tar")
    os.utime(package / "a", (1, 1))
    (package / "a").chmod(0o600)
    write_tar(package, tmp_path / "two.tar")

    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()
    with tarfile.open(tmp_path / "one.tar") as tar:
        assert [(each.name, each.mtime, each.mode) for each in tar] == [
            ("package/a", 0, 0o644),
            ("package/b/c", 0, 0o644),
        ]


def test_no_file_is_written_over(package: Path, tmp_path: Path) -> None:
    """Nor one written where there is no folder."""
    (tmp_path / "one.tar").write_text("mine")

    with pytest.raises(PackageError, match="exists already"):
        write_tar(package, tmp_path / "one.tar")
    with pytest.raises(PackageError, match="cannot be written"):
        write_tar(package, tmp_path / "none" / "one.tar")

    assert "mine" == (tmp_path / "one.tar").read_text()
