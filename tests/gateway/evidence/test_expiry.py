"""Segments whose time is over are removed, and nothing else."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.evidence import expiry as module
from gateway.evidence.damage import DamageKind
from gateway.evidence.errors import ArchiveError
from gateway.evidence.expiry import (
    HOLD,
    days_ago,
    expire,
    hold_archive,
    lift_hold,
    read_hold,
)
from gateway.evidence.log.folder import CHECKPOINT, LogFolder, log_directory
from gateway.evidence.log.signing import create_key_file
from gateway.evidence.tombstones import tombstone_files
from gateway.evidence.verify import Verdict, verify
from tests.gateway.evidence.expired import OLD, archive_of, key_of, removal
from tests.gateway.sealer.journals import ORIGIN
from tests.gateway.sealer.upload.uploads import seal


def _segments(archive: Path) -> list[str]:
    return sorted(path.name for path in (archive / ORIGIN / "segments").iterdir())


def test_what_expired_is_told_as_such_and_not_as_missing(tmp_path: Path) -> None:
    """The log still tells each header, and the rest is whole."""
    archive = archive_of(tmp_path, segments=3)
    before = _segments(archive)
    digest = hashlib.sha256((archive / ORIGIN / "segments" / OLD).read_bytes()).hexdigest()
    removed = list(expire(archive, removal(tmp_path)))
    found = verify(archive)

    assert (before[2:], before[:2]) == (_segments(archive), [each.segment for each in removed])
    assert digest == removed[0].segment_sha256
    assert Verdict.WHOLE is found.verdict, found.faults
    assert [DamageKind.EXPIRED] * 2 == [each.kind for each in found.notices]
    assert [(0, 1), (2, 3)] == [(each.first_sequence, each.last_sequence) for each in found.notices]
    assert "kept for ninety days" in found.notices[0].message


def test_recording_goes_on_behind_what_expired(tmp_path: Path) -> None:
    """The newest segment of an origin never goes: what comes is chained to it."""
    archive = archive_of(tmp_path, segments=2)
    first = len(list(expire(archive, removal(tmp_path))))
    again = len(list(expire(archive, removal(tmp_path))))
    seal(tmp_path, next_sequence=4)
    found = verify(archive)

    assert (1, 0) == (first, again)
    assert Verdict.WHOLE is found.verdict, found.faults
    assert 2 + 2 == found.origins[0].events


def test_what_is_younger_stays(tmp_path: Path) -> None:
    """By the time at which it was sealed."""
    archive = archive_of(tmp_path, segments=3)
    moment = datetime.now(UTC) - timedelta(hours=1)

    assert [] == list(expire(archive, removal(tmp_path, before=moment)))
    assert moment - timedelta(days=2) < days_ago(2) < datetime.now(UTC) - timedelta(days=1)


def test_a_crash_before_the_segment_went_leaves_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its tombstone already there; the next time removes it."""
    archive = archive_of(tmp_path, segments=2)
    segment = archive / ORIGIN / "segments" / OLD

    def crash(path: Path) -> None:
        assert path == segment
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", crash)
        with pytest.raises(KeyboardInterrupt):
            list(expire(archive, removal(tmp_path)))
    assert 1 == len(tombstone_files(archive, ORIGIN))
    found = verify(archive)
    removed = list(expire(archive, removal(tmp_path)))

    assert (Verdict.WHOLE, []) == (found.verdict, found.notices)
    assert [OLD] == [each.segment for each in removed]
    assert Verdict.WHOLE is verify(archive).verdict


def test_a_damaged_segment_and_what_follows_stay(tmp_path: Path) -> None:
    """They are evidence of whatever happened."""
    archive = archive_of(tmp_path, segments=3)
    segment = archive / ORIGIN / "segments" / OLD
    segment.write_bytes(segment.read_bytes()[:-40])

    with pytest.raises(ArchiveError, match=rf"{OLD}: not what the log says was recorded"):
        next(expire(archive, removal(tmp_path)))


@pytest.mark.parametrize("number", [0, 1])
def test_a_changed_byte_keeps_a_segment(tmp_path: Path, number: int) -> None:
    """Also in the middle: removing it would remove the damage with it."""
    archive = archive_of(tmp_path, segments=3)
    name = _segments(archive)[number]
    segment = archive / ORIGIN / "segments" / name
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    before = _segments(archive)
    with pytest.raises(ArchiveError, match=rf"{name}: not what the log says was recorded"):
        list(expire(archive, removal(tmp_path)))

    assert before[number:] == _segments(archive)
    assert Verdict.DAMAGED is verify(archive).verdict


def test_what_the_log_does_not_cover_stays(tmp_path: Path) -> None:
    """Its tombstone would be about headers that the log does not know."""
    archive = archive_of(tmp_path, segments=1)
    checkpoint = log_directory(archive, ORIGIN) / CHECKPOINT
    older = checkpoint.read_bytes()
    for number in (1, 2):
        seal(tmp_path, next_sequence=2 * number)
    checkpoint.write_bytes(older)

    assert [OLD] == [each.segment for each in expire(archive, removal(tmp_path))]


def test_nothing_goes_when_the_log_is_damaged(tmp_path: Path) -> None:
    """Nothing would show what was removed."""
    archive = archive_of(tmp_path, segments=2)
    for tile in log_directory(archive, ORIGIN).glob("tile/*/000.p/*"):
        tile.write_bytes(b"")
    with pytest.raises(ArchiveError, match="is damaged, and nothing is removed: verify it"):
        list(expire(archive, removal(tmp_path)))

    assert 2 == len(_segments(archive))


def test_a_hold_stops_a_removal_that_has_begun(tmp_path: Path) -> None:
    """Whoever holds the archive need not wait for its end."""
    archive = archive_of(tmp_path, segments=4)
    removing = expire(archive, removal(tmp_path))
    next(removing)
    hold_archive(archive, by="counsel", reason="case 4711")
    with pytest.raises(ArchiveError, match="held since"):
        next(removing)

    assert 3 == len(_segments(archive))


def test_a_hold_is_not_put_over_another(tmp_path: Path) -> None:
    """Lifting the second would lift the first, which nobody would know of any more."""
    archive = archive_of(tmp_path, segments=2)
    hold_archive(archive, by="counsel", reason="case 4711")
    with pytest.raises(ArchiveError, match="by counsel: case 4711; lift that first"):
        hold_archive(archive, by="somebody", reason="case 4712")
    found = read_hold(archive)

    assert found is not None
    assert "case 4711" == found.reason


def test_a_hold_keeps_everything(tmp_path: Path) -> None:
    """Until it is lifted."""
    archive = archive_of(tmp_path, segments=2)
    hold_archive(archive, by="counsel", reason="case 4711")
    with pytest.raises(ArchiveError, match=r"held since .* by counsel: case 4711"):
        list(expire(archive, removal(tmp_path)))
    held = verify(archive).verdict
    lift_hold(archive)

    assert Verdict.WHOLE is held
    assert read_hold(archive) is None
    assert 1 == len(list(expire(archive, removal(tmp_path))))
    with pytest.raises(ArchiveError, match="is not held"):
        lift_hold(archive)


def test_a_hold_that_cannot_be_read_holds(tmp_path: Path) -> None:
    """Somebody wanted the archive to be kept."""
    archive = archive_of(tmp_path, segments=2)
    (archive / HOLD).write_text("case 4711")
    with pytest.raises(ArchiveError, match="cannot be read"):
        list(expire(archive, removal(tmp_path)))

    assert 2 == len(_segments(archive))


def test_another_key_removes_nothing(tmp_path: Path) -> None:
    """Its tombstones would not be believed."""
    archive = archive_of(tmp_path, segments=2)
    create_key_file(tmp_path / "other.pem")
    with pytest.raises(ArchiveError, match="not the key that signs the log"):
        list(
            expire(
                archive,
                module.Removal(
                    before=removal(tmp_path).before, key=tmp_path / "other.pem", by="x", reason="y"
                ),
            )
        )

    assert 2 == len(_segments(archive))
    assert key_of(tmp_path).exists()


def test_what_has_no_log_does_not_expire(tmp_path: Path) -> None:
    """Nothing would tell what was removed."""
    archive = archive_of(tmp_path, segments=2)
    (log_directory(archive, ORIGIN) / CHECKPOINT).unlink()
    with pytest.raises(ArchiveError, match="no signed log"):
        list(expire(archive, removal(tmp_path)))

    assert LogFolder(log_directory(archive, ORIGIN)).newest() is None
