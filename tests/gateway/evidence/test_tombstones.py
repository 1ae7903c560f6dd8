"""What stands where segments were removed because their time was over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.damage import DamageKind
from gateway.evidence.errors import DamagedError
from gateway.evidence.expiry import expire
from gateway.evidence.tombstones import (
    absent_of,
    read_tombstone,
    tombstone_files,
    tombstone_path,
)
from tests.gateway.evidence.expired import OLD, archive_of, removal
from tests.gateway.sealer.journals import ORIGIN

if TYPE_CHECKING:
    from pathlib import Path


def test_a_tombstone_says_what_was_removed_by_whom_when_and_why(tmp_path: Path) -> None:
    """And is read back as it was written."""
    archive = archive_of(tmp_path, segments=2)
    (made,) = expire(archive, removal(tmp_path))
    (path,) = tombstone_files(archive, ORIGIN)
    _, found = read_tombstone(path, ORIGIN)

    assert (made, tombstone_path(archive / ORIGIN, 0)) == (found, path)
    assert (OLD, DamageKind.EXPIRED, 0) == (found.segment, found.kind, found.first_sequence)
    for said in ("records officer", "ninety days", found.removed_at, found.segment_sha256):
        assert said in found.message


def test_a_segment_with_a_tombstone_is_absent_on_purpose(tmp_path: Path) -> None:
    """Unless it is there all the same."""
    archive = archive_of(tmp_path, segments=3)
    content = (archive / ORIGIN / "segments" / OLD).read_bytes()
    removed = list(expire(archive, removal(tmp_path)))
    gone = absent_of(archive, ORIGIN)
    (archive / ORIGIN / "segments" / OLD).write_bytes(content)

    assert removed == gone
    assert removed[1:] == absent_of(archive, ORIGIN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"tombstone/v1", b"tombstone/v9"),
        (b'"first_block":0', b'"first_block":-1'),
        (b'"origin":"test.0"', b'"origin":"test.1"'),
        (b"00000.arrow.zst", b"00007.arrow.zst"),
        (b'"reason"', b'"treason"'),
    ],
)
def test_what_is_no_tombstone_of_this_place_is_damaged(
    tmp_path: Path, old: bytes, new: bytes
) -> None:
    """Its segment is missing then."""
    archive = archive_of(tmp_path, segments=2)
    list(expire(archive, removal(tmp_path)))
    (path,) = tombstone_files(archive, ORIGIN)
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))
    with pytest.raises(DamagedError):
        read_tombstone(path, ORIGIN)

    assert [] == absent_of(archive, ORIGIN)


def test_an_archive_without_any_has_none(tmp_path: Path) -> None:
    """Most have none."""
    archive = archive_of(tmp_path, segments=1)

    assert ([], []) == (tombstone_files(archive, ORIGIN), absent_of(archive, ORIGIN))
