"""A case: what is done through it is written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import workbench as wb
from gateway.evidence.errors import ArchiveError
from tests.gateway.evidence.golden import FIRST_GOLDEN, GOLDEN
from tests.gateway.evidence.log.signed import WITNESS
from tests.workbench.archive.encrypted import Encrypted, everything
from tests.workbench.case.cases import lines, new_case, rewrite
from workbench import sample
from workbench.case.custody import CUSTODY, Action
from workbench.case.errors import CaseError
from workbench.case.folder import Case
from workbench.case.settings import SETTINGS, hash_of

if TYPE_CHECKING:
    from pathlib import Path


def actions(case: Case) -> list[Action]:
    """Return what was recorded."""
    return [entry.action for entry in case.log.read().entries]


def test_a_new_case_begins_its_log_and_can_be_opened_again(tmp_path: Path) -> None:
    """The first entry names the case and holds the hash of what it says it is about."""
    made = Case.create(tmp_path / "case", name="leak", archives=[GOLDEN], by="Ada")

    case = Case.open(tmp_path / "case", by="Bob")
    case.note("taken over")

    first, second = case.log.read().entries
    assert first.thing is not None
    assert (SETTINGS, hash_of(made.folder / SETTINGS)) == (first.thing.name, first.thing.sha256)
    assert "leak" == first.details["name"]
    assert ("Ada", "Bob") == (first.actor.name, second.actor.name)


def test_a_folder_that_holds_something_does_not_become_a_case(tmp_path: Path) -> None:
    """Nothing of somebody's is mixed in."""
    (tmp_path / "x").touch()

    with pytest.raises(CaseError, match="not empty"):
        Case.create(tmp_path, name="n", archives=[GOLDEN])

    assert ["x"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("changed", [SETTINGS, CUSTODY])
def test_a_case_is_about_what_its_log_says(tmp_path: Path, changed: str) -> None:
    """Another archive cannot be put in the place of the one that was looked at."""
    case = new_case(tmp_path)
    path = case.folder / changed
    path.write_bytes(path.read_bytes().replace(b"leak", b"LEAK"))
    if changed == CUSTODY:
        rewrite(case, *lines(case)[1:])

    with pytest.raises(CaseError, match="compare both"):
        Case.open(case.folder)


def test_opening_an_archive_is_recorded_with_its_verdict(tmp_path: Path) -> None:
    """With the case's own root key, where it was given one."""
    case = Case.create(tmp_path / "case", name="n", archives=[GOLDEN], root_key=WITNESS.public.vkey)
    archive = case.archive()

    entry = case.log.read().entries[-1]
    assert archive.path == GOLDEN
    assert (Action.ARCHIVE_OPENED, "damaged") == (entry.action, entry.details["verdict"])
    assert entry.thing is not None
    assert str(GOLDEN) == entry.thing.name


def test_that_content_was_decrypted_is_recorded(tmp_path: Path) -> None:
    """Who opened with keys saw more; keys that do not fit open nothing, and leave no line."""
    encrypted = Encrypted(tmp_path / "recorded", everything())
    case = Case.create(tmp_path / "case", name="n", archives=[encrypted.archive])
    keys = encrypted.keys.path

    case.archive()
    archive = case.archive(keys=keys, identity=encrypted.identity)
    with pytest.raises(ArchiveError, match="give both"):
        case.archive(keys=keys)

    assert archive.records.collect().height > 0
    _, *opened = case.log.read().entries
    assert [False, True] == [entry.details["with_keys"] for entry in opened]


def test_of_several_archives_one_is_to_be_named(tmp_path: Path) -> None:
    """There is no first among them."""
    case = Case.create(tmp_path / "case", name="n", archives=[GOLDEN, FIRST_GOLDEN])

    assert FIRST_GOLDEN == case.archive("archive-v1").path
    with pytest.raises(CaseError, match="archive-v2, archive-v1"):
        case.archive()
    with pytest.raises(CaseError, match="say which"):
        case.archive_path("other")


def test_an_export_is_recorded_with_its_hash_rows_and_question(tmp_path: Path) -> None:
    """A verdict says itself what was asked; of a frame it must be said."""
    case = Case.create(tmp_path / "case", name="n", archives=[sample.path()])
    archive = case.archive()
    reads = wb.who_read(archive, "payments", partition=0, offset=12)

    first = case.export(reads, "who-read.parquet")
    case.export(
        archive.sessions.select("principal"),
        "sessions.csv",
        question="sessions.select('principal')",
        parameters={"since": None},
    )

    *_, one, other = case.log.read().entries
    assert one.thing is not None
    assert (hash_of(first), "exports/who-read.parquet") == (one.thing.sha256, one.thing.name)
    assert ("yes", reads.question) == (one.details["answer"], one.details["question"])
    assert pl.read_parquet(first).height == one.details["rows"]
    assert {"since": "None"} == other.details["parameters"]
    with pytest.raises(CaseError, match="say with `question`"):
        case.export(archive.sessions, "more.csv")


def test_an_export_that_cannot_be_recorded_is_not_left(tmp_path: Path) -> None:
    """Nothing leaves a case unrecorded."""
    case = new_case(tmp_path)
    rewrite(case, *lines(case), b"torn")

    with pytest.raises(CaseError, match="not sound"):
        case.export(pl.DataFrame({"a": [1]}), "a.csv", question="q")

    assert not (case.folder / "exports" / "a.csv").exists()


def test_packages_reports_and_their_receivers_are_recorded(tmp_path: Path) -> None:
    """A package is known by its list of hashes, or as one file by its own."""
    case = new_case(tmp_path)
    package, tar, report = tmp_path / "package", tmp_path / "package.tar", tmp_path / "r.html"
    package.mkdir()
    sums = package / "SHA256SUMS"
    for path in (sums, tar, report):
        path.write_text(path.name)

    case.add_report(report)
    case.add_package(package, verdict="whole")
    case.hand_over(tar, to="Eve")

    things = [entry.thing for entry in case.log.read().entries[3:]]
    assert [hash_of(path) for path in (report, sums, tar)] == [
        thing.sha256 for thing in things if thing is not None
    ]
    assert [Action.REPORT_BUILT, Action.PACKAGED, Action.HANDED_OVER] == actions(case)[3:]
    assert {"to": "Eve"} == case.log.read().entries[-1].details
    with pytest.raises(CaseError, match="is no package"):
        case.hand_over(tmp_path, to="Eve")
