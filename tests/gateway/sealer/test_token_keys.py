"""The sealer's process signs with a key on a token, and takes over from one in a file."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.log.certificates import certify
from gateway.evidence.log.key_place import load_key
from gateway.evidence.log.signing import create_key_file
from gateway.evidence.log.trust import Trust
from gateway.evidence.verify import verify
from gateway.sealer.apart import sealer_command
from gateway.sealer.keys import SigningOptions
from tests.gateway.evidence.log.signed import ROOT
from tests.gateway.evidence.log.softhsm import LOCKED, PIN, tokens
from tests.gateway.sealer.journals import event, options, record

if TYPE_CHECKING:
    from pathlib import Path

LOG = "example.com/log"


def signing(folder: Path, place: str, previous: str | None = None) -> SigningOptions:
    """Have a key certified."""
    certificate = folder / "certificate"
    certificate.write_bytes(certify(ROOT, [load_key(place, LOG).public], days=9).encode())
    return SigningOptions(
        log=LOG,
        keys=(place,),
        certificate=certificate,
        root=ROOT.public.vkey,
        previous=previous,
    )


def seal(folder: Path, how: SigningOptions, sequence: int) -> subprocess.CompletedProcess[bytes]:
    """Record two events, and have them sealed in a process of its own."""
    writer = record(folder, next_sequence=sequence)
    writer.append([event(), event()])
    writer.close()
    made = msgspec.structs.replace(options(folder), signing=how)
    return subprocess.run(
        sealer_command(made), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )


def test_a_key_on_a_token_takes_over_from_one_in_a_file(tmp_path: Path) -> None:
    """And hands over to the next one on the same token; the archive verifies all the while."""
    create_key_file(tmp_path / "key.pem")
    places = [str(tmp_path / "key.pem"), tokens().uri(), tokens().uri("second")]
    previous = None
    for number, place in enumerate(places):
        done = seal(tmp_path, signing(tmp_path, place, previous), 2 * number)
        previous = place
        found = verify(tmp_path / "archive", trust=Trust(root=ROOT.public))

        assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
        assert [] == found.damages
        log = found.origins[0].log
        assert (number + 1, 2 * number + 1) == (len(log.keys), log.covered_sequence)

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [] == [path for path in files if PIN.encode() in path.read_bytes()]


def test_a_token_that_cannot_be_used_stops_the_sealer(tmp_path: Path) -> None:
    """It says why, and the journal keeps everything."""
    pin = tmp_path / "pin"
    pin.write_text("4321-PIN")
    pin.chmod(0o600)
    how = signing(tmp_path, tokens().uri())
    wrong = tokens().uri(device=LOCKED, pin=pin)
    done = seal(tmp_path, msgspec.structs.replace(how, keys=(wrong,)), 0)

    told = json.loads(done.stderr)
    assert (1, "sealer_failed") == (done.returncode, told["event"])
    assert f"the token locked does not take the PIN in {pin}: PinIncorrect" in told["reason"]
    assert b"4321" not in done.stderr + done.stdout
    assert 1 == len(list((tmp_path / "journal").glob("*.journal")))

    assert 0 == seal(tmp_path, how, 2).returncode
    assert 3 == verify(tmp_path / "archive").origins[0].last_sequence
