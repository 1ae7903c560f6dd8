"""The keys of encrypted sessions: found, missed with a reason, and refused when they do not fit."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.encryption.recipients import create_identity
from gateway.evidence.errors import ArchiveError
from tests.gateway.evidence.encryption.test_folder import Keys
from workbench.archive.keys import KeyRing, Missing, key_ring

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def kept(tmp_path: Path) -> Keys:
    """Make a key folder with the keys of two sessions."""
    return Keys(tmp_path)


def test_keys_are_found(kept: Keys) -> None:
    """Each is the one that was kept."""
    ring = key_ring(str(kept.folder.path), str(kept.identity_file))

    found = ring.find("s1")

    assert not isinstance(found, Missing)
    assert kept.keys["s1"].key_id == found.key_id
    assert ring.why_not("s1") is None


def test_without_a_folder_there_are_none(kept: Keys) -> None:
    """The reason is that nobody gave one."""
    ring = key_ring(None, None)

    assert "no key was given" == ring.why_not("s1")
    assert () == ring.files
    ring.check()


@pytest.mark.parametrize(
    ("session", "reason"),
    [
        ("s3", "the key folder does not have its key"),
        ("../s1", "cannot be used in a file name"),
    ],
)
def test_a_key_that_is_not_there_is_missing(kept: Keys, session: str, reason: str) -> None:
    """Whatever name the archive gives the session."""
    ring = KeyRing(kept.folder.path, kept.identity_file)

    assert reason in str(ring.why_not(session))


def test_a_damaged_key_is_missing(kept: Keys) -> None:
    """The reason names the file; the others are found."""
    (kept.folder.path / "s1.age").write_bytes(b"x")
    ring = key_ring(kept.folder.path, kept.identity_file)

    assert "s1.age cannot be opened" in str(ring.why_not("s1"))
    assert ring.why_not("s2") is None


def test_a_key_is_looked_up_again_when_asked(kept: Keys) -> None:
    """It may have been erased, or brought back from a copy."""
    ring = KeyRing(kept.folder.path, kept.identity_file)
    assert ring.why_not("s1") is None
    (kept.folder.path / "s1.age").unlink()

    assert ring.why_not("s1") is None
    ring.forget()
    assert ring.why_not("s1") is not None


def test_the_wrong_identity_is_refused(kept: Keys, tmp_path: Path) -> None:
    """Rather than an archive of which all is encrypted for a reason that nobody looks up."""
    create_identity(tmp_path / "other")

    with pytest.raises(ArchiveError, match=r"other opens none of the 2 keys in .*recipient"):
        key_ring(kept.folder.path, tmp_path / "other")


def test_one_key_that_opens_is_enough(kept: Keys, tmp_path: Path) -> None:
    """Recipients change; what was recorded for another stays closed, with a reason."""
    (tmp_path / "other").mkdir()
    other = Keys(tmp_path / "other", ("s3",))
    shutil.copy(other.folder.path / "s3.age", kept.folder.path)

    ring = key_ring(kept.folder.path, other.identity_file)

    assert ring.why_not("s3") is None
    assert "s1.age cannot be opened" in str(ring.why_not("s1"))


def test_an_empty_folder_is_one(kept: Keys) -> None:
    """All of it may have been erased."""
    for path in kept.folder.path.iterdir():
        path.unlink()

    assert key_ring(kept.folder.path, kept.identity_file).files


def test_what_is_no_key_folder_is_refused(kept: Keys, tmp_path: Path) -> None:
    """A typing error is not taken for erased keys."""
    with pytest.raises(ArchiveError, match="nowhere is no folder"):
        key_ring(tmp_path / "nowhere", kept.identity_file)


def test_one_without_the_other_is_refused(kept: Keys) -> None:
    """A folder says nothing without an identity."""
    with pytest.raises(ArchiveError, match="give both"):
        key_ring(kept.folder.path, None)
    with pytest.raises(ArchiveError, match="give both"):
        key_ring(None, kept.identity_file)


def test_an_identity_that_cannot_be_read_is_refused(kept: Keys, tmp_path: Path) -> None:
    """The error is that of an archive that cannot be opened as asked."""
    with pytest.raises(ArchiveError, match="nobody"):
        key_ring(kept.folder.path, tmp_path / "nobody")
