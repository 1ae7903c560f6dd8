"""`streamwitness verify`: what people and programs get to see."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from gateway.evidence.claims import not_shown, shown
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.document import document_of
from gateway.evidence.timestamps import Timestamp
from gateway.evidence.verify import REMEDIES, Verification, verify
from gateway.verify_command import DAMAGES_SHOWN_MAX, Trusted, show, verify_archive
from tests.gateway.evidence.golden import GOLDEN
from tests.gateway.evidence.log.openssl_ts import OpensslAuthority
from tests.gateway.evidence.log.signed import ROOT, WITNESS
from tests.gateway.evidence.partial import leave_out
from tests.gateway.evidence.samples import (
    ORIGIN,
    rows,
    segments_of,
    small_archive,
    write_archive,
)

STREAMWITNESS = Path(sys.executable).with_name("streamwitness")


# The extras' packages, and what only some systems have. (pydantic comes with typer.)
WITHOUT_EXTRAS = """
import importlib.abc, sys
absent = "aiokafka altair cramjam fcntl lz4 numpy pandas polars rfc3161_client structlog uvloop"
absent = [*absent.split(), "yaml"]
class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from gateway.cli import main
main()
"""


def printed(archive: Path, verification: Verification | None = None) -> str:
    """Return what people get to see."""
    target = io.StringIO()
    document = document_of(archive, verification or verify(archive))
    show(document, Console(file=target, width=120, highlight=False))
    return target.getvalue()


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [STREAMWITNESS, "verify", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_whole_archive_is_called_whole() -> None:
    """With what is in it, where its chains stand, and what that does and does not show."""
    told = printed(GOLDEN)
    words = " ".join(told.split())

    assert told.startswith("whole\n")
    assert "2 origins, 3 segments, 4 blocks, 19 events, 16.9 kB, 2026-09-21T14:13:20.0" in words
    assert "ed595c43422b16e8dfce9bb38b43241e4a4474a52138592ddda63b0eb5b94b4c  segment 1" in told
    origins = verify(GOLDEN).origins
    assert all(sentence in words for sentence in (*shown(origins), *not_shown(origins)))
    assert "Fault" not in told


def test_damage_is_told_with_where_and_what_to_do(tmp_path: Path) -> None:
    """Each fault has its file, place, events and remedy; what is whole is not claimed."""
    archive = small_archive(tmp_path)
    segments_of(archive)[1].unlink()
    told = printed(archive)

    assert told.startswith("DAMAGED: 2 faults\n")
    place = f"{ORIGIN}/{8:020d}.arrow.zst, byte 0, block 8, events 5 to 7"
    assert f"2. sequence_gap: {place}\n" in told
    assert f"   What to do: {REMEDIES[DamageKind.SEQUENCE_GAP]}\n" in told
    assert "Of the rest: Every byte" in " ".join(told.split())


def test_an_open_segment_is_told_and_no_fault(tmp_path: Path) -> None:
    """It stands by itself, with what to do."""
    told = printed(write_archive(tmp_path, [rows(0, 1)], is_newest_open=True))

    assert told.startswith("whole\n")
    assert "not sealed" in told
    assert f"Not faults\n1. open_tail: {ORIGIN}/" in told


def test_an_archive_without_segments_is_told(tmp_path: Path) -> None:
    """An origin that has recorded nothing has no chain head; an archive may have no origin."""
    (tmp_path / "archive.json").write_bytes(b'{"streamwitness_archive":1}\n')
    nothing = printed(tmp_path)
    (tmp_path / ORIGIN / "segments").mkdir(parents=True)
    told = printed(tmp_path)

    assert "0 origins, 0 segments, 0 blocks, 0 events, 0 bytes\n" in nothing
    assert "1 origin, 0 segments" in told
    assert f"none, {ORIGIN}\n" in told


def test_many_faults_do_not_bury_the_first() -> None:
    """What is left out is counted, and where to find it is said."""
    damage = Damage(
        kind=DamageKind.MARKER, message="message", origin="", segment="archive.json", byte_offset=0
    )
    told = printed(Path("archive"), Verification(damages=[damage] * (DAMAGES_SHOWN_MAX + 1234)))

    assert "1,284 faults" in told
    assert f"{DAMAGES_SHOWN_MAX}. marker: archive.json, byte 0\n" in told
    assert f"{DAMAGES_SHOWN_MAX + 1}. marker" not in told
    assert "1,234 more; --json lists them all\n" in told


def test_names_cannot_be_read_as_markup() -> None:
    """Square brackets mean something to the printer, but not in what an archive says."""
    damage = Damage(
        kind=DamageKind.NAME, message="[bold]m[/x]", origin="[red]", segment="", byte_offset=0
    )

    assert "1. name: [red], byte 0\n   [bold]m[/x]\n" in printed(
        Path("[a]"), Verification(damages=[damage])
    )


@pytest.mark.parametrize("as_json", [False, True])
def test_the_exit_code_is_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    """0 whole, 1 damaged, 2 no archive."""
    archive = small_archive(tmp_path / "archive")
    codes = [verify_archive(archive, Trusted(), as_json=as_json)]
    segments_of(archive)[0].unlink()
    codes.append(verify_archive(archive, Trusted(), as_json=as_json))
    codes.append(verify_archive(tmp_path / "none", Trusted(), as_json=as_json))
    printed_ = capsys.readouterr()

    assert [0, 1, 2] == codes
    assert "none cannot be read as an archive" in printed_.err
    assert 1 == printed_.err.count("\n"), "no progress bar without a terminal"


def test_programs_get_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    """One JSON object and nothing else."""
    verify_archive(GOLDEN, Trusted(), as_json=True)
    printed_ = capsys.readouterr()
    document = json.loads(printed_.out)

    assert "" == printed_.err
    assert ("whole", 19) == (document["verdict"], document["events"])
    assert document["origins"][0]["head"]["digest"].startswith("ed595c43")


def test_what_takes_itself_for_a_terminal_gets_a_progress_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the result all the same."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    verify_archive(GOLDEN, Trusted(), as_json=True)
    printed_ = capsys.readouterr()

    assert "Reading" in printed_.err
    assert "whole" == json.loads(printed_.out)["verdict"]


def test_a_terminal_gets_a_progress_bar() -> None:
    """It goes to standard error, so that standard output can be kept."""
    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb", buffering=0) as terminal:
        done = subprocess.run(
            [STREAMWITNESS, "verify", GOLDEN],
            stdout=subprocess.PIPE,
            stderr=follower,
            check=False,
        )
        os.close(follower)
        shown = os.read(terminal.fileno(), 100_000)

    assert 0 == done.returncode
    assert b"Reading" in shown
    assert done.stdout.startswith(b"whole\n")


def test_the_command_needs_no_extra() -> None:
    """Who has to check evidence installs as little as possible."""
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, "verify", GOLDEN],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("", 0) == (result.stderr, result.returncode)
    assert result.stdout.startswith("whole\n")


def test_the_command_takes_a_folder_and_json(tmp_path: Path) -> None:
    """As a user types it; anything else is a mistake of usage."""
    whole = run(GOLDEN, "--json")
    missing = run(tmp_path)

    assert (0, "whole") == (whole.returncode, json.loads(whole.stdout)["verdict"])
    assert 2 == missing.returncode
    assert f"streamwitness: {tmp_path} is no archive" in missing.stderr
    assert 2 == run().returncode
    assert 2 == run(GOLDEN, "--nonsense").returncode


def test_each_timestamp_is_told(tmp_path: Path) -> None:
    """Up to which event it goes; of very many the newest."""
    verification = verify(GOLDEN)
    many = [Timestamp(size=n, sequence=n - 9 if n > 9 else None, before_ns=n) for n in range(1, 99)]
    verification.origins[0].log.timestamps = many
    told = printed(GOLDEN, verification)

    last = "  98 headers up to event 89 existed before 1970-01-01T00:00:00.000000098Z\n"
    assert told.index("  49 headers up to event 40 existed") < told.index(last)
    assert "  48 earlier; --json lists them all\n" in told

    verification.origins[0].log.timestamps = many[:9]
    assert "  1 header existed before 1970-01-01T00:00:00.000000001Z\n" in printed(
        GOLDEN, verification
    )


def test_timestamps_need_an_authority(tmp_path: Path) -> None:
    """Its certificates come as files; without the library the remedy is said."""
    root = OpensslAuthority(tmp_path / "tsa").root
    trusted, bad = (run(GOLDEN, "--timestamp-authority", each) for each in (root, __file__))

    assert (1, True) == (trusted.returncode, "no checkpoint has a timestamp" in trusted.stdout)
    assert (2, True) == (bad.returncode, "holds no certificates" in bad.stderr)

    without = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, "verify", GOLDEN, "--timestamp-authority", root],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 2 == without.returncode
    assert "pip install 'streamwitness[timestamps]'" in without.stderr


def test_keys_may_be_given_as_text_or_as_files(tmp_path: Path) -> None:
    """What is no key, and a checkpoint that is not there, are said with exit code 2."""
    root, witness = GOLDEN / ORIGIN / "log" / "root", tmp_path / "witness"
    witness.write_text(WITNESS.public.vkey + "\n")
    noted = tmp_path / "noted"
    noted.write_bytes((GOLDEN / ORIGIN / "log" / "checkpoint").read_bytes())

    whole = run(GOLDEN, "--root-key", ROOT.public.vkey)
    assert (0, True) == (whole.returncode, "(as given)" in whole.stdout)
    done = run(GOLDEN, "--root-key", root, "--witness-key", witness, "--witnessed", noted, "--json")
    document = json.loads(done.stdout)
    assert ["witness"] == [damage["kind"] for damage in document["damages"]]
    assert {WITNESS.public.name} == set(document["origins"][0]["log"]["cosigned"])

    for wrong in (("--root-key", "x+y"), ("--witness-key", "x"), ("--witnessed", "none")):
        told = run(GOLDEN, *wrong)
        assert (2, True) == (told.returncode, told.stderr.startswith("streamwitness: "))


def test_a_selection_is_called_one_and_has_an_exit_code_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever looks at the exit code alone does not take it for the whole archive."""
    archive = small_archive(tmp_path / "archive")
    leave_out(archive, 1)

    code = verify_archive(archive, Trusted(), as_json=False)

    said = capsys.readouterr().out
    assert 3 == code
    assert said.startswith("a selection: ")
    assert "1. not_selected: gateway-1, byte 0, events 5 to 7" in said
    assert "The 3 events of gateway-1 that were left out of this selection, or expired" in said
