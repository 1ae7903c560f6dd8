"""Four verifiers come to the same verdict on the same archives: two of them know nothing of ours.

`coreutils` is sha256sum and zstd, `signify` OpenBSD's program; `verify.py` runs without any
package; `streamwitness` is the command's own function. STREAMWITNESS_THOROUGH tries every bit.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.archive import LOCK
from gateway.evidence.log.folder import CHECKPOINT
from gateway.evidence.log.writer import LogSigning
from gateway.evidence.sums import KEY_FILE, LIST
from gateway.evidence.verify import verify
from tests.gateway.evidence.log.signed import (
    LOG,
    RECORDER,
    ROOT,
    WITNESS,
    Recorder,
    certificate,
    ed25519,
)
from tests.gateway.evidence.log.signed import signing as signed_by
from tests.gateway.evidence.partial import leave_out
from tests.gateway.evidence.samples import ORIGIN, segments_of
from tools import verify as alone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPT = Path(alone.__file__)
SIGNIFY = shutil.which("signify-openbsd") or "signify"
IS_THOROUGH = "STREAMWITNESS_THOROUGH" in os.environ
LINES_MAX = 100
NEW = ed25519(LOG, 4)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Record two segments with a change of key between them, cosigned, and end."""
    made = Recorder(tmp_path)
    made.record(1)
    made.how = signed_by(tmp_path, NEW, previous=RECORDER)
    made.record(1)
    made.cosign()
    shutil.copy(made.archive / ORIGIN / KEY_FILE, tmp_path / "trusted.pub")
    return made


def ran(*command: str | Path, folder: Path) -> bool:
    """Run a program in a folder and say whether it found everything good."""
    return not subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode


def coreutils(recorder: Recorder) -> bool:
    """Check the hashes, and that the segments decompress."""
    origin = recorder.archive / ORIGIN
    segments = segments_of(recorder.archive)
    return ran("sha256sum", "-c", LIST, folder=origin) and ran(
        "zstd", "-qt", *segments, folder=origin
    )


def signify(recorder: Recorder) -> bool:
    """Check the hashes and who signed the list of them, with a key from elsewhere."""
    trusted = recorder.folder / "trusted.pub"
    return ran(SIGNIFY, "-C", "-p", trusted, "-x", LIST, folder=recorder.archive / ORIGIN)


def verify_alone(recorder: Recorder) -> bool:
    """Run the script as an auditor does, with no package in reach."""
    keys = [ROOT.public.vkey, WITNESS.public.vkey]
    command: list[str | Path] = [sys.executable, "-I", "-S", SCRIPT, recorder.archive, *keys]
    return ran(*command, folder=recorder.folder)


def streamwitness(recorder: Recorder) -> bool:
    """Verify with the root key and the witness's."""
    return not verify(recorder.archive, trust=recorder.trust()).faults


VERIFIERS = (coreutils, signify, verify_alone, streamwitness)


def verdicts(recorder: Recorder) -> dict[str, bool]:
    """Ask all four."""
    return {verifier.__name__: verifier(recorder) for verifier in VERIFIERS}


def test_the_script_is_short() -> None:
    """So that an auditor can read it."""
    assert LINES_MAX > len(SCRIPT.read_text().splitlines())


def test_a_whole_archive_is_good_to_all(recorder: Recorder) -> None:
    """Also under the eyes of a witness and the root key."""
    assert dict.fromkeys(verdicts(recorder), True) == verdicts(recorder)


@pytest.mark.parametrize("origin", ["log", "segments", "sealer.lock", "tile"])
def test_an_origin_may_be_called_like_a_part_of_one(tmp_path: Path, origin: str) -> None:
    """And be checked by itself or with the archive, which is none for that."""
    made = Recorder(tmp_path, origin)
    made.record(1)
    made.cosign()
    command: list[str | Path] = [sys.executable, "-I", "-S", SCRIPT]

    assert verify_alone(made)
    assert ran(*command, made.archive / origin, ROOT.public.vkey, folder=tmp_path)
    changed(segments_of(made.archive, origin)[0])
    assert not verify_alone(made)
    assert not ran(*command, made.archive / origin, ROOT.public.vkey, folder=tmp_path)


@pytest.mark.parametrize("place", [".", ORIGIN, "another"])
def test_no_mark_hides_an_origin_from_the_script(recorder: Recorder, place: str) -> None:
    """Wherever somebody puts one, or takes it away."""
    mark = recorder.archive / "archive.json"
    content = mark.read_bytes()
    changed(segments_of(recorder.archive)[0])
    if place == ".":
        mark.unlink()
    else:
        (recorder.archive / place).mkdir(exist_ok=True)
        (recorder.archive / place / "archive.json").write_bytes(content)

    assert not verify_alone(recorder)


@pytest.mark.parametrize("number", [0, 1])
def test_a_selection_is_good_to_the_script_where_that_is_asked_for(
    recorder: Recorder, number: int
) -> None:
    """Also when the key changed in what was left out: the log's entries tell that."""
    leave_out(recorder.archive, number)
    keys = [ROOT.public.vkey, WITNESS.public.vkey]
    command: list[str | Path] = [sys.executable, "-I", "-S", SCRIPT, recorder.archive]

    assert ran(*command, "--part", *keys, folder=recorder.folder)
    whole = subprocess.run([*command, *keys], capture_output=True, text=True, check=False)
    assert "3 blocks of the signed log are missing" in whole.stdout
    changed(segments_of(recorder.archive)[0])
    assert not ran(*command, "--part", *keys, folder=recorder.folder)


def changed(path: Path) -> None:
    """Change one byte in the middle."""
    content = path.read_bytes()
    place = len(content) // 2
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])


def cut(path: Path) -> None:
    """Take the last byte."""
    path.write_bytes(path.read_bytes()[:-1])


FILES: dict[str, Callable[[Recorder], Path]] = {
    "first segment": lambda recorder: segments_of(recorder.archive)[0],
    "last segment": lambda recorder: segments_of(recorder.archive)[-1],
    "checkpoint": lambda recorder: recorder.log.directory / CHECKPOINT,
    "kept checkpoint": lambda recorder: recorder.log.directory / "checkpoints" / f"{6:020d}",
    "tile": lambda recorder: recorder.log.directory / "tile" / "0" / "000.p" / "6",
    "entries": lambda recorder: recorder.log.directory / "tile" / "entries" / "000.p" / "6",
    "root key": lambda recorder: recorder.log.directory / "root",
    "marker": lambda recorder: recorder.archive / "archive.json",
    "recorder's key": lambda recorder: recorder.archive / ORIGIN / KEY_FILE,
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", [changed, cut, Path.unlink])
def test_a_damaged_archive_is_good_to_none(
    recorder: Recorder, file: str, damage: Callable[[Path], None]
) -> None:
    """Whichever file is changed, cut or gone."""
    damage(FILES[file](recorder))

    assert dict.fromkeys(verdicts(recorder), False) == verdicts(recorder)


def test_segments_that_changed_places_are_good_to_none(recorder: Recorder) -> None:
    """Each of them is whole."""
    first, second = segments_of(recorder.archive)
    kept = first.rename(first.with_name("kept"))
    second.rename(first)
    kept.rename(second)

    assert dict.fromkeys(verdicts(recorder), False) == verdicts(recorder)


def test_a_list_that_somebody_else_signed_is_good_only_to_who_looks_at_no_signature(
    recorder: Recorder,
) -> None:
    """Whoever can write the archive can write its hashes: that is why there are four verifiers."""
    path = recorder.archive / ORIGIN / LIST
    lines = path.read_text().split("\n")
    changed(segments_of(recorder.archive)[0])
    digest = subprocess.check_output(["sha256sum", segments_of(recorder.archive)[0]], text=True)
    index = next(n for n, line in enumerate(lines) if segments_of(recorder.archive)[0].name in line)
    lines[index] = lines[index][:-64] + digest[:64]
    path.write_text("\n".join(lines))

    assert ran("sha256sum", "-c", LIST, folder=path.parent)
    assert not any(verifier(recorder) for verifier in VERIFIERS[1:])


@pytest.mark.parametrize("name", ["a.example/root", WITNESS.public.name])
def test_a_key_that_did_not_sign_is_named(recorder: Recorder, name: str) -> None:
    """Be it a root key or a witness's."""
    vkey = ed25519(name, 77).public.vkey
    command: list[str | Path] = [sys.executable, "-I", "-S", SCRIPT, recorder.archive, vkey]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (1, f"{recorder.archive / ORIGIN}: it is not signed by {vkey}\ndamaged\n") == (
        done.returncode,
        done.stdout,
    )


def test_a_tree_of_many_tiles_is_followed(tmp_path: Path) -> None:
    """More than 256 leaves, the last tile partial."""
    recorder = Recorder(tmp_path)
    recorder.record(255, 1)
    recorder.cosign()

    assert verify_alone(recorder)


@cache
def openssl_says(key: bytes, text: bytes, signature: bytes) -> bool:
    """Ask openssl once for each question."""
    return _is_signed(key, text, signature)


_is_signed = alone.is_signed


def in_process(recorder: Recorder) -> bool:
    """Run the script's own checks, each signature asked about once: a process takes too long."""
    origin = recorder.archive / ORIGIN
    try:
        return not list(alone.flaws(origin, [ROOT.public.vkey, WITNESS.public.vkey]))
    except Exception:  # noqa: BLE001 - as the script does
        return False


def flips(path: Path) -> Iterator[tuple[int, int]]:
    """Flip one bit after the other: all, or some, and name each."""
    content = path.read_bytes()
    bits = range(8) if IS_THOROUGH else [random.randrange(8)]
    step = 1 if IS_THOROUGH else 151
    for place in range(random.randrange(step), len(content), step):
        for bit in bits:
            byte = bytes([content[place] ^ 1 << bit])
            path.write_bytes(content[:place] + byte + content[place + 1 :])
            yield place, bit
    path.write_bytes(content)


@pytest.mark.timeout(0 if IS_THOROUGH else 300)
@pytest.mark.parametrize(
    "verifier", [coreutils, signify, in_process], ids=lambda each: each.__name__
)
def test_any_changed_bit_is_found(
    recorder: Recorder, verifier: Callable[[Recorder], bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In each file; streamwitness itself has its own test of this.

    The list is checked by whoever looks at its signature; its first line is a comment to signify.
    """
    monkeypatch.setattr(alone, "is_signed", openssl_says)
    assert verifier(recorder)
    checked = 0
    for path in sorted(path for path in recorder.archive.rglob("*") if path.is_file()):
        comment = len(path.read_bytes().partition(b"\n")[0]) if path.name == LIST else 0
        if path.name == LIST and verifier is coreutils:
            continue
        for place, bit in flips(path):
            if place >= comment or verifier is in_process:
                assert not verifier(recorder), f"{path}, byte {place}, bit {bit}"
                checked += 1

    assert checked > (80_000 if IS_THOROUGH else 60)


def test_a_certificate_of_another_key_lets_nobody_sign(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Certificates are no secret: whoever forges a history can copy one into it."""
    own, genuine = ed25519(LOG, 66), certificate(RECORDER)
    shutil.rmtree(recorder.archive)
    (recorder.folder / "signed-checkpoint").unlink()
    forged = signed_by(recorder.folder, own)
    claimed = forged.check()
    monkeypatch.setattr(LogSigning, "check", lambda _self: claimed)
    recorder.how = replace(forged, certificate=genuine)
    recorder.sequence = 0
    recorder.record(1, 1)
    recorder.cosign()

    assert not streamwitness(recorder)
    assert not verify_alone(recorder)


def test_an_origin_without_its_segments_is_missed(recorder: Recorder) -> None:
    """Also beside another one that is whole."""
    origin = recorder.archive / ORIGIN
    shutil.copytree(origin, recorder.archive / "other")
    shutil.rmtree(origin / "segments")
    (origin / LOCK).unlink()
    command: list[str | Path] = [sys.executable, "-I", "-S", SCRIPT, recorder.archive]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert 1 == done.returncode
    assert f"{origin}: 6 blocks of the signed log are missing" in done.stdout
    assert not streamwitness(recorder)
