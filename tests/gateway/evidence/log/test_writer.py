"""A log only grows, is signed by the keys in force, and never signs two histories."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError
from gateway.evidence.log.checkpoint import decode_checkpoint
from gateway.evidence.log.folder import CHECKPOINT, LogFolder
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.writer import LogWriter
from tests.gateway.evidence.log.signed import (
    LOG,
    RECORDER,
    ROOT,
    START_S,
    certificate,
    ed25519,
    signing,
)
from tests.gateway.evidence.log.trees import entries, tree_hash

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gateway.evidence.log.writer import LogSigning

NEW = ed25519(LOG, 4)
KEYS = (RECORDER.public.vkey,)


def written(
    folder: Path, count: int, how: LogSigning | None = None, keys: Sequence[str] = ()
) -> LogWriter:
    """Write a log of that many entries, with a checkpoint at the end."""
    log = LogWriter(folder / "log", how or signing(folder), keys)
    for entry in entries(count)[log.size :]:
        log.append(entry)
    log.checkpoint()
    return log


def test_a_checkpoint_signs_what_was_appended(tmp_path: Path) -> None:
    """Nothing is published before, and nothing twice."""
    log = LogWriter(tmp_path / "log", signing(tmp_path), ())
    log.append(b"entry 0")
    assert not (tmp_path / "log").exists()
    note = log.checkpoint()

    assert note is not None
    assert (1, tree_hash(entries(1))) == (log.covered_size, decode_checkpoint(note.text).root)
    assert RECORDER.public in verify_note(note, [RECORDER.public])
    assert log.checkpoint() is None


def test_a_log_is_carried_on(tmp_path: Path) -> None:
    """By another process, from its tiles."""
    written(tmp_path, 300)
    log = written(tmp_path, 310, keys=KEYS)
    found = LogFolder(tmp_path / "log").newest()

    assert found is not None
    assert (310, tree_hash(entries(310))) == (found[1].size, found[1].root)
    assert b"entry 309" == log.last_entry()


def test_the_last_entry_may_end_a_bundle(tmp_path: Path) -> None:
    """Published or not."""
    log = LogWriter(tmp_path / "log", signing(tmp_path), ())
    for entry in entries(256):
        log.append(entry)
    assert b"entry 255" == log.last_entry()
    log.checkpoint()

    assert b"entry 255" == LogWriter(tmp_path / "log", signing(tmp_path), KEYS).last_entry()


def test_a_log_without_its_tiles_is_rebuilt_from_headers(tmp_path: Path) -> None:
    """Only from those that lead to what was signed."""
    written(tmp_path, 5)
    (tmp_path / "log" / "tile" / "0" / "000.p" / "5").unlink()
    log = LogWriter(tmp_path / "log", signing(tmp_path), KEYS)
    assert not log.is_loaded

    with pytest.raises(ArchiveError, match="record under another instance"):
        log.rebuild([b"forged", *entries(5)[1:]])
    log.rebuild(entries(9))
    assert (5, True) == (log.size, log.is_loaded)


def test_what_led_up_to_a_whole_tile_goes(tmp_path: Path) -> None:
    """Its checkpoints are proved by the whole one, and every one of them had a bundle."""
    written(tmp_path, 200)
    written(tmp_path, 250, keys=KEYS)
    tile = tmp_path / "log" / "tile" / "entries"
    assert {"200", "250"} == {path.name for path in (tile / "000.p").iterdir()}
    written(tmp_path, 260, keys=KEYS)

    assert {"000", "001.p"} == {path.name for path in tile.iterdir()}
    assert {"000", "001.p"} == {path.name for path in (tile.parent / "0").iterdir()}


def test_lost_headers_keep_their_places(tmp_path: Path) -> None:
    """The number of an entry is that of its header."""
    log = LogWriter(tmp_path / "log", signing(tmp_path), ())
    log.append(b"entry 0")
    log.lose(3)

    assert (3, b'{"lost":2}') == (log.size, log.last_entry())


def test_an_archive_that_was_put_back_is_not_signed_again(tmp_path: Path) -> None:
    """What was signed last is remembered outside of it."""
    written(tmp_path, 3)
    (tmp_path / "log").rename(tmp_path / "older")
    (tmp_path / "signed-checkpoint").rename(tmp_path / "memory")
    written(tmp_path, 5)
    (tmp_path / "memory").unlink()
    (tmp_path / "log").rename(tmp_path / "newer")
    (tmp_path / "older").rename(tmp_path / "log")
    log = LogWriter(tmp_path / "log", signing(tmp_path), KEYS)

    assert not log.is_loaded
    with pytest.raises(ArchiveError, match="of size 5"):
        log.rebuild(entries(3))


def test_a_checkpoint_that_did_not_reach_the_archive_is_published_again(tmp_path: Path) -> None:
    """Who dies between remembering and publishing leaves an archive that shows an older one."""
    written(tmp_path, 3)
    newest = (tmp_path / "log" / CHECKPOINT).read_bytes()
    (tmp_path / "log" / CHECKPOINT).unlink()
    written(tmp_path, 3, keys=KEYS)

    assert newest == (tmp_path / "log" / CHECKPOINT).read_bytes()


def test_what_others_signed_is_not_carried_on(tmp_path: Path) -> None:
    """It would get our signature under their history."""
    thief = ed25519(LOG, 66)
    how = signing(tmp_path / "thief", thief)
    (tmp_path / "thief").mkdir()
    written(tmp_path, 3, how)

    with pytest.raises(ArchiveError, match="not signed by the key given here"):
        LogWriter(tmp_path / "log", signing(tmp_path), (thief.public.vkey,))
    other = ed25519("b", 5)
    elsewhere = replace(how, log="b", signers=(other,), certificate=certificate(other))
    with pytest.raises(ArchiveError, match="it is the log"):
        LogWriter(tmp_path / "log", elsewhere, ())


def test_tiles_that_were_changed_meanwhile_stop_the_signing(tmp_path: Path) -> None:
    """The log would contradict what it signed before."""
    log = written(tmp_path, 257)
    folder = LogFolder(tmp_path / "log")
    folder.write([("tile/0/000", b"x" * 8192)])
    before = folder.read(CHECKPOINT)
    log._newest = replace(log._newest, root=b"x" * 32)  # type: ignore[type-var] # it is there
    log.append(b"entry 257")

    with pytest.raises(ArchiveError, match="would contradict itself"):
        log.checkpoint()
    assert before == folder.read(CHECKPOINT)


def test_a_first_key_introduces_itself(tmp_path: Path) -> None:
    """Once: a segment later there is nothing to say."""
    log = LogWriter(tmp_path / "log", signing(tmp_path), ())
    first, second = log.opening(), log.opening()

    assert (LOG, KEYS) == (first.log, first.keys)
    assert first.key_change is not None
    assert f"\nlog {LOG}\nindex 0\nold none\n" in first.key_change.statement
    assert second.key_change is None


@pytest.mark.parametrize("previous", [None, ed25519(LOG, 9)])
def test_a_key_does_not_change_without_the_one_before(tmp_path: Path, previous: object) -> None:
    """Whoever starts the sealer is told which file to give."""
    written(tmp_path, 1)
    (tmp_path / "other").mkdir()
    how = replace(signing(tmp_path / "other", NEW), previous=previous)  # type: ignore[arg-type] # on purpose
    with pytest.raises(ArchiveError, match="key before as well"):
        LogWriter(tmp_path / "log", how, KEYS).opening()


def test_a_certificate_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """At the start, not when somebody verifies."""
    wrong = replace(signing(tmp_path), certificate=certificate(NEW))
    with pytest.raises(ArchiveError, match="not for the log"):
        LogWriter(tmp_path / "log", wrong, ())

    late = replace(signing(tmp_path), certificate=certificate(RECORDER, before_s=START_S - 1))
    log = LogWriter(tmp_path / "log", late, ())
    log.append(b"entry")
    with pytest.raises(ArchiveError, match="certify a new key"):
        log.checkpoint()
    assert ROOT.public == late.root
