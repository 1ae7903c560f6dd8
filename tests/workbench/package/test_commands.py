"""`streamwitness package`, run as a user does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from gateway.cli import build_app
from gateway.evidence.log.signing import create_key_file
from tests.gateway.evidence.golden import GOLDEN
from tests.gateway.evidence.log.signed import WITNESS
from tests.workbench.case.cases import lines, new_case
from workbench.package.commands import wanted

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def run(*arguments: str | Path) -> Result:
    """Run the command line."""
    return CliRunner().invoke(build_app(), ["package", *(str(each) for each in arguments)])


def test_an_archive_is_packaged_with_what_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how much went in and how much was left out; the time may be set from outside."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795000000")
    create_key_file(tmp_path / "key")
    out, tar = tmp_path / "out", tmp_path / "out.tar"

    done = run(
        *(GOLDEN, "--out", out, "--origin", "gateway-1", "--from", "12", "--tar", tar),
        *("--key", tmp_path / "key", "--by", "Ada"),
    )

    assert 0 == done.exit_code, done.output
    assert f"written to {out}: selection\n" in done.output
    assert "gateway-1: 1 segments, 5 events, 12 left out\n" in done.output
    told = json.loads((out / "package.json").read_text())
    assert ("2026-11-18T11:06:40Z", "Ada") == (told["made"], told["by"])
    assert (out / "SHA256SUMS.sig").is_file()
    assert tar.is_file()


def test_a_case_is_packaged_with_its_custody_log(tmp_path: Path) -> None:
    """Which names the package afterwards."""
    case = new_case(tmp_path)

    done = run(case.folder, "--out", tmp_path / "out", "--archive", "archive-v2")

    assert 0 == done.exit_code, done.output
    assert (tmp_path / "out" / "custody" / "custody.jsonl").is_file()
    assert b'"packaged"' in lines(case)[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "noon"), "'noon' is no time like"),
        (("--until", "2026-03-17T05:00:00"), "does not say its time zone"),
        (("--origin", "x"), "no origin is called x"),
        (("--root-key", WITNESS.public.vkey), "not the one that you trust"),
        (("--root-key", "x"), "is no public key"),
        (("--key", "none.pem"), "none.pem"),
    ],
)
def test_what_cannot_be_packaged_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    """Exit code 2 means that there is no package."""
    done = run(GOLDEN, "--out", tmp_path / "out", *arguments)

    assert 2 == done.exit_code
    assert said in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seconds", ["noon", "1e300", "inf", "nan"])
def test_a_time_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    """Whatever the variable of reproducible builds holds."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", seconds)
    done = run(GOLDEN, "--out", tmp_path / "out")

    assert 2 == done.exit_code
    assert not (tmp_path / "out").exists()


def test_a_bucket_is_refused(tmp_path: Path) -> None:
    """With what to do instead."""
    done = run("s3://bucket/archive", "--out", tmp_path / "out")

    assert 2 == done.exit_code
    assert "copy the bucket into one first" in done.output


def test_an_archive_that_the_case_does_not_have_is_refused(tmp_path: Path) -> None:
    """The message names those that it has."""
    done = run(new_case(tmp_path).folder, "--out", tmp_path / "out", "--archive", "other")

    assert 2 == done.exit_code
    assert "the case has archive-v2" in done.output


def test_an_end_is_an_events_number_or_a_time() -> None:
    """Times keep their microseconds and their zone."""
    asked = wanted(["a"], "12", "2026-03-17T05:00:00.000001+01:00")

    assert (("a",), 12, None, None, 1_773_720_000_000_001_000) == (
        asked.origins,
        asked.first_sequence,
        asked.last_sequence,
        asked.since_ns,
        asked.until_ns,
    )
