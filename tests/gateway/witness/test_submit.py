"""A log gets its cosignature from a witness, or is told why not."""

from __future__ import annotations

import shutil
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError, ProofError
from gateway.evidence.log.folder import CHECKPOINT, LogFolder
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.note import decode_note
from gateway.witness.submit import cosigned as cosigned_note
from gateway.witness.submit import submit
from tests.gateway.evidence.log.signed import RECORDER, WITNESS, ed25519
from tests.gateway.witness.logs import GrowingLog, served, witness

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CONFLICT = b"HTTP/1.1 409 Conflict\r\nContent-Type: text/x.tlog.size\r\n"


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Serve a witness."""
    with served(witness(tmp_path / "memory")) as address:
        yield address


@contextmanager
def answering(content: bytes) -> Iterator[str]:
    """Answer once with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(content)
                connection.shutdown(socket.SHUT_WR)
                # What is not read would reset the connection, and the answer with it.
                while connection.recv(65536):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def cosigned(log: GrowingLog) -> bool:
    """Tell whether the newest checkpoint has both signatures."""
    note = decode_note(log.folder.read(CHECKPOINT))
    return {RECORDER.public, WITNESS.public} == set(
        verify_note(note, [RECORDER.public, WITNESS.public])
    )


def test_a_log_is_cosigned_as_it_grows(tmp_path: Path, url: str) -> None:
    """Across tiles, and again when nothing is new."""
    log = GrowingLog(tmp_path / "gateway")
    for size in (1, 2, 255, 256, 300, 700):
        log.grow(size)
        assert not cosigned(log)
        assert size == submit(log.folder, url, WITNESS.public)
        assert cosigned(log)
    assert 700 == submit(log.folder, f"{url}/", WITNESS.public)


def test_a_cosigned_checkpoint_can_be_kept_elsewhere(tmp_path: Path, url: str) -> None:
    """The log stays as it is."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(5)
    note, signed = cosigned_note(log.folder, url, WITNESS.public)

    assert note == decode_note(log.folder.read(CHECKPOINT))
    assert [WITNESS.public] == list(verify_note(signed, [WITNESS.public]))


def test_a_rewritten_log_is_not_cosigned(tmp_path: Path, url: str) -> None:
    """Longer, shorter or as long."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(10)
    submit(log.folder, url, WITNESS.public)
    for size, why in ((20, r"\(422\)"), (10, r"\(409\)"), (5, "saw a longer log: 10 headers")):
        other = GrowingLog(tmp_path / f"other-{size}", salt=b"rewritten ")
        other.grow(size)
        with pytest.raises(ProofError, match=why):
            submit(other.folder, url, WITNESS.public)
        assert not cosigned(other)


def test_another_witness_s_cosignature_is_not_taken(tmp_path: Path, url: str) -> None:
    """Whoever answers at that address must have the key."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    stranger = ed25519(WITNESS.public.name, 77, is_cosigner=True)

    with pytest.raises(ProofError, match="another cosignature"):
        submit(log.folder, url, stranger.public)
    assert not cosigned(log)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"220 mail.example.com ESMTP\r\n", "does not answer as HTTP"),
        (CHUNKED + b"zz\r\n", "does not answer as HTTP"),
        (CHUNKED.replace(b"200 OK", b"503 Later") + b"9\r\n", "does not answer as HTTP"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n", r"does not cosign \(302\)"),
        (CONFLICT + b"\r\nnine\n", "a size that is none: b'nine"),
        (CONFLICT + b"\r\n-1\n", "a size that is none"),
        (CONFLICT + b"\r\n3000\n", "saw a longer log: 3000 headers"),
        (b"HTTP/1.1 200 OK\r\n\r\nnonsense\n", "no signature|should be base64"),
    ],
)
def test_whatever_answers_is_told_as_a_refusal(tmp_path: Path, answer: bytes, why: str) -> None:
    """Anything else would end the thread that asks, and nobody would hear of it."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    with answering(answer) as url, pytest.raises(ProofError, match=why):
        submit(log.folder, url, WITNESS.public)


@pytest.mark.parametrize("address", ["nonsense", "", "file:///etc", "w.example.com:8443"])
def test_what_is_no_address_is_told(tmp_path: Path, address: str) -> None:
    """And no file is read in its place."""
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    with pytest.raises(ArchiveError, match="is no witness's address"):
        submit(log.folder, address, WITNESS.public)


def test_a_cosignature_of_another_text_is_not_taken(tmp_path: Path) -> None:
    """Even when the witness's key made it."""
    log = GrowingLog(tmp_path / "gateway")
    note = log.grow(3)
    more = f"{note.text}\nof another text\n"
    line = WITNESS.sign(more).line()
    body = f"of another text\n\n{line}".encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with answering(head + body) as url, pytest.raises(ProofError, match="another cosignature"):
        submit(log.folder, url, WITNESS.public)
    assert not cosigned(log)


def test_the_recorder_s_own_signature_is_no_cosignature(tmp_path: Path) -> None:
    """Whoever sends it back has cosigned nothing."""
    log = GrowingLog(tmp_path / "gateway")
    body = log.grow(3).encode().rpartition(b"\n\n")[2]
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    with answering(head + body) as url, pytest.raises(ProofError, match="another cosignature"):
        submit(log.folder, url, RECORDER.public)


def test_nothing_to_sign_and_nobody_there_are_told_apart(tmp_path: Path, url: str) -> None:
    """As errors of the archive and of the network."""
    with pytest.raises(ArchiveError, match="no checkpoint"):
        submit(LogFolder(tmp_path / "none"), url, WITNESS.public)
    log = GrowingLog(tmp_path / "gateway")
    log.grow(3)
    with pytest.raises(OSError, match="refused"):
        submit(log.folder, "http://127.0.0.1:1", WITNESS.public)
    shutil.rmtree(log.folder.directory / "tile")
    submit(log.folder, url, WITNESS.public)
    log.grow(4)
    shutil.rmtree(log.folder.directory / "tile" / "0")
    (log.folder.directory / "tile" / "0" / "000.p").mkdir(parents=True)
    (log.folder.directory / "tile" / "0" / "000.p" / "4").write_bytes(b"")
    with pytest.raises(ArchiveError, match="is damaged"):
        submit(log.folder, url, WITNESS.public)
