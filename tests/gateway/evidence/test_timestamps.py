"""An authority's timestamps show by when an archive's headers existed, or are found to be wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.damage import DamageKind
from gateway.evidence.log.authority import load_authority
from gateway.evidence.log.folder import (
    CHECKPOINT,
    REPLY,
    STAMPED,
    TIMESTAMPS,
    log_directory,
    timestamp_path,
)
from gateway.evidence.log.note import decode_note
from gateway.evidence.log.signing import sign_note
from gateway.evidence.verify import Verification, verify
from tests.gateway.evidence.log.openssl_ts import OpensslAuthority, openssl
from tests.gateway.evidence.log.signed import LOG, Recorder, ed25519
from tests.gateway.evidence.samples import SECOND_NS, START_NS

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.damage import Damage
    from gateway.evidence.log_check import LogVerification


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    """Make an authority."""
    return OpensslAuthority(tmp_path_factory.mktemp("tsa") / "here")


@pytest.fixture
def recorder(tmp_path: Path, authority: OpensslAuthority) -> Recorder:
    """Record two segments, with a timestamp after each: of the trees of 3 and of 6 headers."""
    made = Recorder(tmp_path)
    for _ in range(2):
        made.record(1)
        stamp(made, authority)
    return made


def stamp(recorder: Recorder, authority: OpensslAuthority) -> None:
    """Let the authority put its time under the newest checkpoint."""
    newest = recorder.log.newest()
    assert newest is not None
    content = recorder.log.read(CHECKPOINT)
    size = newest[1].size
    recorder.log.write(
        [
            (timestamp_path(size, STAMPED), content),
            (timestamp_path(size, REPLY), authority.stamp(content)),
        ]
    )


def verified(recorder: Recorder, *authorities: OpensslAuthority) -> Verification:
    """Verify with the root key, and with the authorities if there are any."""
    trusted = load_authority([each.root for each in authorities]) if authorities else None
    trust = replace(recorder.trust(is_witnessed=False), authority=trusted)
    return verify(recorder.archive, trust=trust)


def log(found: Verification) -> LogVerification:
    """Return what the log shows."""
    return found.origins[0].log


def damage(found: Verification) -> tuple[str, str, str]:
    """Return the one thing that is told, but for what the list of files tells as well."""
    (told,) = (each for each in found.damages if each.kind is not DamageKind.LISTED)
    return told.kind.value, told.segment, told.message


def test_each_timestamp_shows_what_existed_by_then(
    recorder: Recorder, authority: OpensslAuthority
) -> None:
    """How many headers, up to which event, and when at the latest."""
    found = verified(recorder, authority)

    assert [] == found.damages
    assert [(3, 1), (6, 3)] == [(each.size, each.sequence) for each in log(found).timestamps]
    assert 0 == log(found).unchecked_timestamps
    for each in log(found).timestamps:
        assert abs(each.before_ns - time.time_ns()) < 60 * SECOND_NS


def test_without_an_authority_nothing_is_shown(recorder: Recorder) -> None:
    """The timestamps are counted, so that somebody asks for it."""
    found = verified(recorder)

    assert [] == found.damages
    assert ([], 2) == (log(found).timestamps, log(found).unchecked_timestamps)


def test_openssl_checks_them_by_hand(recorder: Recorder, authority: OpensslAuthority) -> None:
    """With no program of ours."""
    folder = log_directory(recorder.archive, recorder.origin) / TIMESTAMPS
    name = f"{6:020d}"
    files = ("-data", f"{name}.checkpoint", "-in", f"{name}.tsr", "-CAfile", str(authority.root))

    openssl(folder, "ts", "-verify", *files)
    assert 4 == len(list(folder.iterdir()))


def test_an_authority_that_is_trusted_must_have_stamped(
    tmp_path: Path, authority: OpensslAuthority
) -> None:
    """Whoever names one expects its word."""
    recorder = Recorder(tmp_path)
    recorder.record(1)

    kind, place, message = damage(verified(recorder, authority))
    assert ("timestamp", "log/timestamps") == (kind, place)
    assert "no checkpoint has a timestamp" in message


def test_another_authority_proves_nothing(tmp_path: Path, recorder: Recorder) -> None:
    """Each of its timestamps is named."""
    other = OpensslAuthority(tmp_path / "other")
    found = verified(recorder, other)

    assert ["timestamp"] * 2 == [each.kind.value for each in found.damages]
    assert [] == log(found).timestamps


@pytest.mark.parametrize("suffix", [REPLY, STAMPED])
@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_file_that_is_gone_is_missed(
    recorder: Recorder, authority: OpensslAuthority, suffix: str, *, is_trusted: bool
) -> None:
    """Either of the two, even where nobody checks the other."""
    path = timestamp_path(3, suffix)
    (recorder.log.directory / path).unlink()

    kind, place, _ = damage(verified(recorder, *[authority] * is_trusted))
    assert ("timestamp", f"log/{path}") == (kind, place)


def test_every_changed_byte_of_a_stamped_checkpoint_is_found(
    recorder: Recorder, authority: OpensslAuthority
) -> None:
    """The authority's signature covers all of the file, cosignatures included."""
    path = timestamp_path(3, STAMPED)
    content = recorder.log.read(path)
    for position in range(0, len(content), 7):
        changed = bytearray(content)
        changed[position] ^= 1
        recorder.log.write([(path, bytes(changed))])
        found = verified(recorder, authority)

        assert ["timestamp", "listed"] == [each.kind.value for each in found.damages]
        assert [6] == [each.size for each in log(found).timestamps]


def test_a_timestamp_of_another_checkpoint_is_found(
    recorder: Recorder, authority: OpensslAuthority
) -> None:
    """A time cannot be moved from one to the other."""
    recorder.log.write([(timestamp_path(6, REPLY), recorder.log.read(timestamp_path(3, REPLY)))])

    assert "Mismatch" in damage(verified(recorder, authority))[2]


def test_a_checkpoint_under_another_size_is_found(
    recorder: Recorder, authority: OpensslAuthority
) -> None:
    """With its own good timestamp."""
    for suffix in (STAMPED, REPLY):
        content = recorder.log.read(timestamp_path(3, suffix))
        recorder.log.write([(timestamp_path(6, suffix), content)])

    assert "not called by its size" in damage(verified(recorder, authority))[2]


def test_a_cut_history_is_found_by_a_timestamp(
    tmp_path: Path, recorder: Recorder, authority: OpensslAuthority
) -> None:
    """Whoever puts an older archive back must also remove what the authority saw."""
    older = Recorder(tmp_path / "older")
    older.record(1)
    for suffix in (STAMPED, REPLY):
        path = timestamp_path(6, suffix)
        older.log.write([(path, recorder.log.read(path))])

    assert "the log had 6 headers and now has 3" in damage(verified(older, authority))[2]


def test_another_history_is_found_by_a_timestamp(
    tmp_path: Path, recorder: Recorder, authority: OpensslAuthority
) -> None:
    """Even when it is signed with the same key."""
    other = Recorder(tmp_path / "other", now_s=7)
    other.record(1)
    for suffix in (STAMPED, REPLY):
        path = timestamp_path(3, suffix)
        other.log.write([(path, recorder.log.read(path))])

    assert "not those of this log" in damage(verified(other, authority))[2]


def test_a_stamped_checkpoint_is_signed_by_the_recorder(
    recorder: Recorder, authority: OpensslAuthority
) -> None:
    """Anybody can have anything stamped."""
    text = decode_note(recorder.log.read(timestamp_path(3, STAMPED))).text
    content = sign_note(text, [ed25519(LOG, 77)]).encode()
    files = {STAMPED: content, REPLY: authority.stamp(content)}
    recorder.log.write([(timestamp_path(3, suffix), files[suffix]) for suffix in files])

    kind, place, message = damage(verified(recorder, authority))
    assert ("timestamp", f"log/{timestamp_path(3, STAMPED)}") == (kind, place)
    assert "not signed by" in message


def test_a_recorder_that_is_ahead_of_the_authority_is_told(
    tmp_path: Path, authority: OpensslAuthority
) -> None:
    """It sealed what it says is of the future, so its times are wrong."""
    recorder = Recorder(tmp_path, now_s=(time.time_ns() - START_NS) // SECOND_NS + 3600)
    recorder.record(1)
    stamp(recorder, authority)
    found = verified(recorder, authority)

    told: Damage
    (told,) = found.damages
    assert ("clock", True) == (told.kind.value, told.is_information)
    assert "ahead of the authority's by 3,6" in told.message
    assert [3] == [each.size for each in log(found).timestamps]
