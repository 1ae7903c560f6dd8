"""Programs that know nothing of us read our logs, and have theirs cosigned by our witness.

Tessera's fsck and Torchwood are the reference implementations of the formats that we use; what they
accept and refuse is our hardest outside check.
"""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.evidence.block import CloseReason
from gateway.evidence.log.certificates import certify
from gateway.evidence.log.checkpoint import decode_checkpoint
from gateway.evidence.log.folder import CHECKPOINT, LogFolder, log_directory
from gateway.evidence.log.keys import Algorithm, PublicKey, verify_note
from gateway.evidence.log.note import decode_note
from gateway.evidence.log.proof import SUFFIX
from gateway.evidence.log.signing import Signer, create_key_file, load_signer
from gateway.evidence.log.tiles import ENTRIES, GrowingTree, tile_path
from gateway.evidence.prove import prove_event
from gateway.evidence.verify import Verdict, verify
from gateway.sealer import sealing
from gateway.sealer.keys import SigningOptions
from gateway.sealer.sealing import Sealer
from gateway.witness.memory import Memory
from gateway.witness.submit import submit
from gateway.witness.witness import Witness
from tests.gateway.evidence.log.signed import ROOT, WITNESS
from tests.gateway.sealer.journals import ORIGIN, event, options, record
from tests.gateway.witness.logs import served
from tests.interop.program import run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOG = "example.com/gateway-1"
# More than one tile has room for, so that there are tiles of two levels.
EVENTS = 300


class Archive:
    """An archive of the real sealer, signed by two keys and cosigned by our witness."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        create_key_file(folder / "recorder.pem")
        create_key_file(folder / "second.pem", is_post_quantum=True)
        places = [folder / "recorder.pem", folder / "second.pem"]
        self.signers = [load_signer(place, LOG) for place in places]
        certificate = folder / "certificate"
        public = [signer.public for signer in self.signers]
        certificate.write_bytes(certify(ROOT, public, days=9).encode())
        self.keys = [key.vkey for key in (*public, WITNESS.public)]
        writer = record(folder)
        writer.append([event(payload=b"%d" % number) for number in range(EVENTS)])
        writer.close()
        how = SigningOptions(
            log=LOG,
            keys=tuple(map(str, places)),
            certificate=certificate,
            root=ROOT.public.vkey,
        )
        self.size = 0
        sealer = Sealer(msgspec.structs.replace(options(folder), signing=how))
        sealer.finish(CloseReason.SHUTDOWN, partial(self._cosign, public))

    @property
    def archive(self) -> Path:
        """The archive's folder."""
        return self.folder / "archive"

    def _cosign(self, keys: list[PublicKey]) -> None:
        with served(Witness(WITNESS, {LOG: keys}, Memory(self.folder / "memory"))) as url:
            self.size = submit(self.log, url, WITNESS.public)

    @property
    def log(self) -> LogFolder:
        """The log's folder."""
        return LogFolder(log_directory(self.archive, ORIGIN))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Record and seal an event a block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "BLOCK_EVENTS_MAX", 1)
        return Archive(tmp_path_factory.mktemp("recorded"))


class Files(SimpleHTTPRequestHandler):
    """Serves a folder as any web server does."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def published(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port, and tell where."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def check(log: LogFolder, *keys: str) -> tuple[int, str, str]:
    """Let Tessera and Torchwood check a log."""
    with published(log.directory) as url:
        done = run("check", url, *keys)
    return done.returncode, done.stdout, done.stderr


def test_tessera_and_torchwood_find_our_log_in_order(recorded: Archive) -> None:
    """Every tile, every entry, and all three signatures of the checkpoint."""
    code, told, wrong = check(recorded.log, *recorded.keys)

    assert (0, "") == (code, wrong)
    size = recorded.size
    assert {"log": LOG, "size": size, "entries": size, "signatures": 3} == json.loads(told)
    assert size > EVENTS
    assert verify(recorded.archive).verdict is Verdict.WHOLE


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (tile_path(0, 0), -1),
        (tile_path(0, 1, 0), 5),
        (tile_path(1, 0, 1), 31),
        (tile_path(ENTRIES, 0), 100),
        (tile_path(ENTRIES, 1, 0), -9),
        (CHECKPOINT, 30),
    ],
)
def test_one_changed_byte_is_found_by_them(recorded: Archive, path: str, where: int) -> None:
    """In a tile of each level, in the entries, whole or not, and in the checkpoint."""
    log = recorded.log
    path = path.replace(".p/0", f".p/{recorded.size - 256}")
    content = log.read(path)
    changed = bytearray(content)
    changed[where] ^= 1
    log.write([(path, bytes(changed))])
    code, told, wrong = check(log, *recorded.keys)
    log.write([(path, content)])

    assert (1, "") == (code, told)
    assert wrong.startswith("tessera: ")


@pytest.mark.parametrize("number", range(3))
def test_another_key_is_refused_by_them(recorded: Archive, number: int) -> None:
    """The log's first, its second, or the witness's."""
    other = Signer(*_drawn(LOG)) if number == 0 else None
    keys = list(recorded.keys)
    keys[number] = other.public.vkey if other else _changed(keys[number])

    assert 1 == check(recorded.log, *keys)[0]


def test_torchwood_accepts_our_proofs(recorded: Archive, tmp_path: Path) -> None:
    """Of the first event, the last, and some between; and of nothing else."""
    entry_file, proof_file = tmp_path / "entry", tmp_path / f"proof{SUFFIX}"
    for sequence in (0, 1, 255, 256, EVENTS - 1):
        proof, entry = prove_event(recorded.archive, ORIGIN, sequence)
        entry_file.write_bytes(entry)
        proof_file.write_bytes(proof.encode())
        assert 0 == run("prove", proof_file, entry_file, *recorded.keys).returncode

    entry_file.write_bytes(entry + b" ")
    refused = run("prove", proof_file, entry_file, *recorded.keys)
    assert 1 == refused.returncode
    assert f"proof verification failed for index {proof.index}" in refused.stderr


def test_our_witness_cosigns_a_log_of_tessera(tmp_path: Path) -> None:
    """As it grows, over a start of its program; Tessera publishes only what it finds cosigned."""
    public, private = _drawn("log.example/tessera")
    memory = Memory(tmp_path / "memory")
    log = LogFolder(tmp_path / "log")
    with served(Witness(WITNESS, {public.name: [public]}, memory)) as url:
        grow = ("grow", log.directory, _signing_key(public, private), WITNESS.public.vkey, url)
        for sizes in ((3, 300), (517,)):
            done = run(*grow, *sizes)
            assert (0, "") == (done.returncode, done.stdout)
    note = decode_note(log.read(CHECKPOINT))
    checkpoint = decode_checkpoint(note.text)

    assert {public, WITNESS.public} == set(verify_note(note, [public, WITNESS.public]))
    assert 517 == checkpoint.size
    # We read its tiles as it reads ours.
    assert checkpoint.root == GrowingTree.load(517, log.read).root()
    assert 0 == check(log, public.vkey, WITNESS.public.vkey)[0]


def test_our_witness_refuses_another_history_of_that_log(tmp_path: Path) -> None:
    """Then Tessera publishes nothing."""
    public, private = _drawn("log.example/tessera")
    with served(Witness(WITNESS, {public.name: [public]}, Memory(tmp_path / "memory"))) as url:
        key = _signing_key(public, private)
        grow = (key, WITNESS.public.vkey, url)
        assert 0 == run("grow", tmp_path / "one", *grow, 9).returncode
        refused = run("grow", tmp_path / "two", *grow, 5)

    assert 1 == refused.returncode
    assert "witness policy was not satisfied" in refused.stderr
    assert "replied with x.tlog.size 9, larger than log size" in refused.stderr
    assert not (tmp_path / "two" / CHECKPOINT).exists()


def _drawn(name: str) -> tuple[PublicKey, Ed25519PrivateKey]:
    private = Ed25519PrivateKey.generate()
    return PublicKey(name, Algorithm.ED25519, private.public_key().public_bytes_raw()), private


def _changed(vkey: str) -> str:
    name, _, encoded = vkey.split("+", 2)
    content = base64.b64decode(encoded)
    changed = PublicKey(name, Algorithm(content[0]), content[1:-1] + bytes([content[-1] ^ 1]))
    return changed.vkey


def _signing_key(public: PublicKey, private: Ed25519PrivateKey) -> str:
    """Write a private key as Go's `note` package does."""
    content = bytes([Algorithm.ED25519]) + private.private_bytes_raw()
    encoded = base64.b64encode(content).decode()
    return f"PRIVATE+KEY+{public.name}+{public.key_id.hex()}+{encoded}"
