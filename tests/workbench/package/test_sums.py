"""The list of hashes of a package, checked by programs that are none of ours."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.log.signing import create_key_file, load_signer
from workbench.package.sums import KEY_FILE, SIGNED, UNSIGNED, sums_of, write_key, write_list

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Write three files, one of them called as the list is, but elsewhere."""
    for name in ("a", "b/c", f"b/{UNSIGNED}"):
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "package"


def check(folder: Path, *command: str) -> int:
    """Run a program in the folder; return its exit code."""
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


def test_every_file_but_the_list_itself_is_named(package: Path) -> None:
    """In the order of their paths."""
    write_list(package, None)

    assert ["a", f"b/{UNSIGNED}", "b/c"] == list(sums_of(package))
    assert (
        (package / UNSIGNED).read_text().startswith("SHA256 (a) = ca978112ca1bbdcafac231b39a23dc")
    )


def test_sha256sum_finds_a_changed_and_a_missing_file(package: Path) -> None:
    """Coreutils alone are enough."""
    write_list(package, None)
    command = ("sha256sum", "--quiet", "-c", UNSIGNED)
    whole = check(package, *command)
    (package / "a").write_text("x")
    changed = check(package, *command)
    (package / "a").unlink()
    gone = check(package, *command)

    assert (0, 1, 1) == (whole, changed, gone)


def test_signify_knows_who_signed_the_list(package: Path, tmp_path: Path) -> None:
    """With the key that lies in the package, which the list covers; another one is refused."""
    signify = shutil.which("signify-openbsd") or "signify"
    for name in ("mine", "other"):
        create_key_file(tmp_path / name)
    mine, other = (load_signer(tmp_path / name, "evidence-package") for name in ("mine", "other"))
    write_key(package, mine)
    write_list(package, mine)
    (tmp_path / "elsewhere").mkdir()
    write_key(tmp_path / "elsewhere", other)
    wrong = str(tmp_path / "elsewhere" / KEY_FILE)

    assert KEY_FILE in sums_of(package)
    assert 0 == check(package, signify, "-C", "-p", KEY_FILE, "-x", SIGNED)
    assert check(package, signify, "-C", "-p", wrong, "-x", SIGNED) != 0
    (package / "a").write_text("x")
    assert check(package, signify, "-C", "-p", KEY_FILE, "-x", SIGNED) != 0
