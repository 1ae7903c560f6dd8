"""A package as one file: the same bytes for the same files."""

from __future__ import annotations

import tarfile
from pathlib import Path

from workbench.package.errors import PackageError


def write_tar(package: Path, target: Path) -> None:
    """Write all files of a package, in the order of their names, into a new tar file.

    Owners, modes and times are fixed. Raises PackageError when the file exists.
    """
    try:
        with tarfile.open(target, "x", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(path for path in package.rglob("*") if path.is_file()):
                entry = tarfile.TarInfo(str(Path(package.name) / path.relative_to(package)))
                entry.size = path.stat().st_size
                entry.mode = 0o644
                with path.open("rb") as file:
                    tar.addfile(entry, file)
    except FileExistsError as error:
        raise PackageError(f"{target} exists already: choose another name") from error
    except OSError as error:
        raise PackageError(f"{target} cannot be written: {error}") from error
