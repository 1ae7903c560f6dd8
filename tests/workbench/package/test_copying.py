"""Copying: everything of the archive that was chosen, as it is, and nothing else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.archive import LOCK
from tests.gateway.evidence.golden import GOLDEN
from tests.gateway.evidence.samples import rows, write_archive
from workbench.package.choosing import Wanted, choose
from workbench.package.copying import copy_archive
from workbench.package.errors import PackageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Copy the golden archive."""
    shutil.copytree(GOLDEN, tmp_path / "archive")
    return tmp_path / "archive"


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder with what is in them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_byte_is_copied_but_locks(archive: Path, tmp_path: Path) -> None:
    """Also files that this version knows nothing of, such as policy bundles of a later one."""
    (archive / "gateway-1" / LOCK).touch()
    (archive / "gateway-1" / "log" / "checkpoint.unfinished").touch()
    (archive / "bundles").mkdir()
    (archive / "bundles" / "one.yaml").write_text("rule")
    wanted = files(archive)
    del wanted[f"gateway-1/{LOCK}"], wanted["gateway-1/log/checkpoint.unfinished"]

    copy_archive(archive, tmp_path / "package", choose(archive, Wanted()))

    assert wanted == files(tmp_path / "package")


def test_what_was_not_chosen_is_not_copied(archive: Path, tmp_path: Path) -> None:
    """Neither the other origin nor the other segment; the log is there whole."""
    choice = choose(archive, Wanted(origins=("gateway-1",), first_sequence=12))
    copy_archive(archive, tmp_path / "package", choice)

    copied = files(tmp_path / "package")
    assert not any(name.startswith("gateway-2") for name in copied)
    segments = [name for name in copied if "/segments/" in name]
    assert ["gateway-1/segments/00000000000000000012.arrow.zst"] == segments
    assert sum(name.startswith("gateway-1/log/") for name in copied) == len(
        files(archive / "gateway-1" / "log")
    )


def test_a_package_can_be_packaged(archive: Path, tmp_path: Path) -> None:
    """What the first one added is made anew, not copied."""
    for name in ("README.txt", "SHA256SUMS", "package.json"):
        (archive / name).write_text("of the first")
    (archive / "report").mkdir()
    (archive / "report" / "r.html").touch()

    copy_archive(archive, tmp_path / "package", choose(archive, Wanted()))

    assert files(GOLDEN) == files(tmp_path / "package")


@pytest.mark.parametrize(
    "place", ["link", "gateway-1/link", "gateway-1/segments/link", "gateway-1/log/checkpoint"]
)
def test_links_are_not_followed(archive: Path, tmp_path: Path, place: str) -> None:
    """What they lead to may be anybody's."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "secret").write_text("x")
    (archive / place).unlink(missing_ok=True)
    (archive / place).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PackageError, match="is a link"):
        copy_archive(archive, tmp_path / "package", choose(archive, Wanted()))


def test_a_segment_that_is_a_link_is_not_followed(archive: Path, tmp_path: Path) -> None:
    """Nor is the folder of all of them."""
    segments = archive / "gateway-1" / "segments"
    segments.rename(tmp_path / "elsewhere")
    segments.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(PackageError, match="is a link"):
        copy_archive(archive, tmp_path / "package", choose(archive, Wanted()))


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[31m", "\udcff"])
def test_names_that_no_list_of_hashes_can_hold_are_refused(
    archive: Path, tmp_path: Path, name: str
) -> None:
    """Else sha256sum would find fault with a package that is as it was made."""
    (archive / "gateway-1" / name).touch()

    with pytest.raises(PackageError, match="no list of hashes can hold"):
        copy_archive(archive, tmp_path / "package", choose(archive, Wanted()))


@pytest.mark.parametrize("folder", ["gateway-1/log", "gateway-1/segments", "."])
@pytest.mark.parametrize(
    "content", ["-----BEGIN PRIVATE KEY-----\nMC4C", "# created: today\nAGE-SECRET-KEY-1QQ"]
)
def test_a_private_key_never_leaves(
    archive: Path, tmp_path: Path, content: str, folder: str
) -> None:
    """Whoever put it into the archive has to take it out first."""
    (archive / folder / "key").write_text(content)

    with pytest.raises(PackageError, match="is a private key"):
        copy_archive(archive, tmp_path / "package", choose(archive, Wanted()))

    assert not (tmp_path / "package" / folder / "key").exists()


def test_an_archive_that_changes_meanwhile_is_told(archive: Path, tmp_path: Path) -> None:
    """The copy would be of no moment."""
    choice = choose(archive, Wanted())
    choice.segments["gateway-2"][0].unlink()

    with pytest.raises(PackageError, match="changed while it was copied"):
        copy_archive(archive, tmp_path / "package", choice)


def test_an_origin_may_not_be_called_as_the_packages_own_folders(tmp_path: Path) -> None:
    """Its segments would be mixed with what the package adds."""
    archive = write_archive(tmp_path / "archive", [rows(0, 1)], origin="proofs")

    with pytest.raises(PackageError, match="the origin proofs has a name"):
        copy_archive(archive, tmp_path / "package", choose(archive, Wanted()))
