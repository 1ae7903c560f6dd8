"""A witness answers as C2SP tlog-witness says, and never cosigns two histories."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.log.checkpoint import Checkpoint, decode_checkpoint
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.merkle import consistency_path
from gateway.evidence.log.note import Note, decode_note
from gateway.evidence.log.signing import sign_note
from gateway.witness.memory import Memory
from gateway.witness.witness import Submission, Witness, decode_submission
from tests.gateway.evidence.log.signed import LOG, RECORDER, WITNESS, ed25519
from tests.gateway.evidence.log.trees import entries, node_at, tree_hash
from tests.gateway.witness.logs import witness

if TYPE_CHECKING:
    from pathlib import Path

ITEMS = entries(20)
FORGED = [b"forged", *ITEMS[1:]]


def signed(size: int, items: list[bytes] = ITEMS) -> Note:
    """Sign the tree over the first entries with the log's key."""
    return sign_note(Checkpoint(LOG, size, tree_hash(items[:size])).text(), [RECORDER])


def asked(old: int, size: int, items: list[bytes] = ITEMS) -> bytes:
    """Ask for the cosignature of a log that grew."""
    path = consistency_path(old, size, node_at(items[:size]))
    return Submission(old, tuple(path), signed(size, items)).encode()


def status(cosigner: Witness, body: bytes) -> int:
    """Ask, and tell the status of the answer."""
    return cosigner.add_checkpoint(body).status


def test_a_log_that_grows_is_cosigned(tmp_path: Path) -> None:
    """From nothing, further, and once more as it is."""
    cosigner = witness(tmp_path)
    for old, size in ((0, 3), (3, 8), (8, 8), (8, 20)):
        answer = cosigner.add_checkpoint(asked(old, size))
        note = decode_note(signed(size).text.encode() + b"\n" + answer.body)

        assert (200, True) == (answer.status, WITNESS.public in verify_note(note, [WITNESS.public]))
    kept = decode_note(cosigner.newest(LOG).body)
    assert 20 == decode_checkpoint(kept.text).size
    assert {RECORDER.public, WITNESS.public} == set(
        verify_note(kept, [RECORDER.public, WITNESS.public])
    )


def test_another_old_size_is_answered_with_the_right_one(tmp_path: Path) -> None:
    """So that the log can prove from there."""
    cosigner = witness(tmp_path)
    cosigner.add_checkpoint(asked(0, 5))
    answer = cosigner.add_checkpoint(asked(3, 8))

    assert (409, b"5\n", "text/x.tlog.size") == (answer.status, answer.body, answer.content_type)


def test_no_second_history_is_cosigned(tmp_path: Path) -> None:
    """Whatever is sent with it: another tree, a shorter one, a proof that proves something else."""
    cosigner = witness(tmp_path)
    cosigner.add_checkpoint(asked(0, 8))

    assert 409 == status(cosigner, Submission(8, (), signed(8, FORGED)).encode())
    assert 422 == status(cosigner, asked(8, 20, FORGED))
    assert 422 == status(cosigner, Submission(8, (), signed(20)).encode())
    assert 409 == status(cosigner, asked(0, 3))
    assert 400 == status(cosigner, Submission(8, (), signed(5)).encode())
    assert 8 == decode_checkpoint(decode_note(cosigner.newest(LOG).body).text).size


def test_only_known_logs_with_their_keys_are_cosigned(tmp_path: Path) -> None:
    """Others' signatures are ignored, and a wrong one of the log's key is none."""
    cosigner = witness(tmp_path)
    stranger = ed25519(LOG, 99)
    text = Checkpoint(LOG, 1, b"r" * 32).text()
    other = Checkpoint("example.com/other", 1, b"r" * 32).text()
    forged = sign_note(text, [RECORDER]).text.replace(LOG, LOG)

    assert 404 == status(cosigner, Submission(0, (), sign_note(other, [RECORDER])).encode())
    assert 403 == status(cosigner, Submission(0, (), sign_note(text, [stranger])).encode())
    wrong = Note(forged, sign_note(other, [RECORDER]).signatures)
    assert 403 == status(cosigner, Submission(0, (), wrong).encode())
    assert 404 == cosigner.newest("example.com/other").status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0",
        b"old 00\n\nx",
        b"old x\n\nx",
        b"old 0\n!\n\n" + signed(1).encode(),
        b"old 0\n\n" + b"no note",
        b"old 0\n\n" + sign_note("no checkpoint\n", [RECORDER]).encode(),
        b"old 0\n" + b"AAAA\n" * 64 + b"\n" + signed(1).encode(),
        b"\xff\n\n" + signed(1).encode(),
    ],
)
def test_nonsense_is_a_bad_request(tmp_path: Path, body: bytes) -> None:
    """And nothing is remembered of it."""
    cosigner = witness(tmp_path)

    assert 400 == status(cosigner, body)
    assert 404 == cosigner.newest(LOG).status


def test_what_is_sent_is_read_as_it_was_written() -> None:
    """Old size, proof and checkpoint."""
    submission = decode_submission(asked(3, 20))

    assert (3, asked(3, 20)) == (submission.old_size, submission.encode())


def test_nothing_is_cosigned_that_could_not_be_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A witness that forgot would cosign another history tomorrow."""
    cosigner = witness(tmp_path)

    def fail(_memory: Memory, _log: str, _note: Note) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Memory, "keep", fail)
    with pytest.raises(OSError, match="the disk is full"):
        cosigner.add_checkpoint(asked(0, 5))


def test_of_many_at_once_one_history_is_cosigned(tmp_path: Path) -> None:
    """Looking and keeping are one step."""
    cosigner = witness(tmp_path)
    histories = [[b"%d" % number, *ITEMS[1:]] for number in range(16)]
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda items: status(cosigner, asked(0, 5, items)), histories))

    assert [200] + [409] * 15 == sorted(answers)
