"""The commands of the workbench, run as a user does."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from gateway.cli import build_app
from gateway.evidence.sums import file_sum
from tests.workbench.archive.encrypted import Encrypted
from tests.workbench.archive.recording import Client, Place, Recording, batch
from workbench.case.folder import Case

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from typer.testing import Result

    from workbench.demo.run import Options
    from workbench.report.build import ReportOptions

ALICE = Client(session="s1")


def run(*arguments: str | Path) -> Result:
    """Run the command line."""
    return CliRunner().invoke(build_app(), [str(each) for each in arguments])


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Write an archive without fault."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"a", b"b"))
    return recording.write(tmp_path / "archive")


def test_tables_are_written_and_counted(archive: Path, tmp_path: Path) -> None:
    """Each table is told with its rows, and exit code 0 means that nothing is missing."""
    done = run("tables", archive, "--out", tmp_path / "out", "--cache", tmp_path / "cache")

    assert 0 == done.exit_code, done.output
    assert "reads: 2 rows" in done.output
    assert f"written to {tmp_path / 'out'}" in done.output
    assert (tmp_path / "cache" / "segments").is_dir()


def test_tables_can_be_chosen(archive: Path, tmp_path: Path) -> None:
    """What was not asked for is not written."""
    out = tmp_path / "out"
    run("tables", archive, "-o", out, "-t", "gaps", "-t", "reads", "--cache", tmp_path / "cache")

    written = json.loads((out / "manifest.json").read_text())["tables"]
    assert ["reads", "gaps"] == [each["table"] for each in written]


def test_tables_of_an_encrypted_archive_are_written_with_its_keys(tmp_path: Path) -> None:
    """Without them they hold what is known all the same; with them, everything."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"a", b"b"))
    encrypted = Encrypted(tmp_path, recording)
    given: list[str | Path] = ["--keys", encrypted.keys.path, "--identity", encrypted.identity]
    cache: list[str | Path] = ["--cache", tmp_path / "cache"]

    without = run("tables", encrypted.archive, "--out", tmp_path / "without", *cache)
    with_keys = run("tables", encrypted.archive, "--out", tmp_path / "with", *given, *cache)
    half = run("tables", encrypted.archive, "--out", tmp_path / "half", *given[:2])

    assert [0, 0, 2] == [done.exit_code for done in (without, with_keys, half)]
    for said in ("reads: 2 rows", "records: 0 rows"):
        assert said in without.output
    for said in ("reads: 2 rows", "records: 2 rows"):
        assert said in with_keys.output
    assert "give both" in half.output


def test_faults_are_said_and_give_another_exit_code(tmp_path: Path) -> None:
    """Tables of a damaged archive are written, and nobody takes them for the whole."""
    recording = Recording()
    recording.deliver(ALICE, Place(), b"\xff" * 20)
    archive = recording.write(tmp_path / "archive")

    done = run("tables", archive, "--out", tmp_path / "out", "--cache", tmp_path / "cache")

    assert 1 == done.exit_code
    assert "1 faults" in done.output
    assert (tmp_path / "out" / "gaps.parquet").is_file()


@pytest.mark.parametrize(
    ("broken", "said"),
    [("archive", "is no archive"), ("table", "no table is called x"), ("out", "something else")],
)
def test_what_cannot_be_done_is_refused(
    archive: Path, tmp_path: Path, broken: str, said: str
) -> None:
    """Exit code 2 means that nothing was written."""
    source = tmp_path / "other" if broken == "archive" else archive
    (tmp_path / "other").mkdir()
    out = archive if broken == "out" else tmp_path / "out"
    more = ("--table", "x") if broken == "table" else ()

    done = run("tables", source, "--out", out, "--cache", tmp_path / "cache", *more)

    assert 2 == done.exit_code
    assert said in done.output
    assert not (tmp_path / "out").exists()


def test_a_report_says_how_sound_its_archive_is(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line says where the report is, and what it can be trusted with."""
    asked: list[ReportOptions] = []

    def build(options: ReportOptions) -> SimpleNamespace:
        asked.append(options)
        return SimpleNamespace(soundness="whole")

    monkeypatch.setattr("workbench.report.build.build_report", build)
    done = run("report", archive, "--out", tmp_path / "r.html", "-p", "topic=orders")

    assert 0 == done.exit_code, done.output
    assert f"written to {tmp_path / 'r.html'}; the archive is whole" in done.output
    assert (archive, {"topic": "orders"}) == (asked[0].archive, asked[0].parameters)


def test_a_report_is_recorded_in_its_case(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its hash; and where there is no such case, no report is built."""
    out = tmp_path / "r.html"
    case = Case.create(tmp_path / "case", name="n", archives=[archive])

    def build(options: ReportOptions) -> SimpleNamespace:
        options.out.write_text("report")
        return SimpleNamespace(soundness="whole")

    monkeypatch.setattr("workbench.report.build.build_report", build)
    refused = run("report", archive, "--out", out, "--case", tmp_path / "none")
    assert (2, False) == (refused.exit_code, out.exists())

    done = run("report", archive, "--out", out, "--case", case.folder)

    assert 0 == done.exit_code, done.output
    entry = case.log.read().entries[-1]
    assert entry.thing is not None
    assert ("report_built", file_sum(out)) == (entry.action, entry.thing.sha256)


def test_a_report_on_no_archive_is_refused(tmp_path: Path) -> None:
    """Exit code 2 means that nothing was written."""
    done = run("report", tmp_path, "--out", tmp_path / "r.html")

    assert 2 == done.exit_code
    assert not (tmp_path / "r.html").exists()


def test_the_demo_ends_with_the_exit_code_of_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was asked for reaches it."""
    asked: list[Options] = []

    def play(options: Options, _console: Console) -> int:
        asked.append(options)
        return 1

    monkeypatch.setattr("workbench.demo.run.run", play)
    done = run("demo", "--out", tmp_path / "demo", "--no-open", "--broker", "h:9092")

    assert 1 == done.exit_code
    assert (tmp_path / "demo", "h:9092", False) == (
        asked[0].out,
        asked[0].broker,
        asked[0].open_report,
    )
