"""Packages of a case: its custody log goes along, and names the package afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.sums import file_sum
from tests.gateway.evidence.golden import FIRST_GOLDEN, GOLDEN
from tests.gateway.evidence.log.signed import WITNESS
from tests.workbench.case.cases import lines, new_case, rewrite
from tests.workbench.package.packages import options
from workbench.case.custody import CUSTODY
from workbench.case.errors import CaseError
from workbench.case.folder import Case
from workbench.package.errors import PackageError
from workbench.package.of_case import content_of, package_case

if TYPE_CHECKING:
    from pathlib import Path


def test_the_custody_log_goes_along_and_then_names_the_package(tmp_path: Path) -> None:
    """The one in the package ends before it, since it cannot hold its own hash."""
    case = new_case(tmp_path)
    report = tmp_path / "report.html"
    report.write_text("x")
    case.add_report(report)
    before = (case.folder / CUSTODY).read_bytes()
    head = case.log.read().head
    package = tmp_path / "package"

    description = package_case(options(case.folder, package, by="Eve"), None)

    assert before == (package / "custody" / CUSTODY).read_bytes()
    assert description.case is not None
    assert ("leak", head) == (description.case.name, description.case.custody_head)
    newest = case.log.read().entries[-1]
    assert newest.thing is not None
    assert ("packaged", file_sum(package / "SHA256SUMS"), "Eve") == (
        newest.action,
        newest.thing.sha256,
        newest.actor.name,
    )
    graph = json.loads((package / "case.jsonld").read_text())["@graph"]
    actions = [each for each in graph if each["@type"].endswith("InvestigativeAction")]
    assert ["case_created", "noted", "noted", "report_built", "packaged"] == [
        each["uco-core:name"] for each in actions
    ]


def test_each_step_is_told_with_its_file_where_it_has_one(tmp_path: Path) -> None:
    """And with whoever took it."""
    content = content_of(new_case(tmp_path), allows_damage=False)

    first, second, _ = content.steps
    assert first.file is not None
    assert ("case_created", "case.json") == (first.name, first.file[0])
    assert first.actor.startswith("Ada@")
    assert ('{"text":"first"}', None) == (second.description, second.file)


def test_a_custody_log_that_is_not_sound_goes_along_only_when_allowed(tmp_path: Path) -> None:
    """With what stands before its first bad line told."""
    case = new_case(tmp_path)
    rewrite(case, *lines(case), b"torn")

    with pytest.raises(PackageError, match="line 4"):
        content_of(case, allows_damage=False)

    content = content_of(case, allows_damage=True)
    assert 3 == len(content.steps)
    assert content.files[CUSTODY].endswith(b"torn")


def test_the_cases_root_key_is_the_one_that_counts(tmp_path: Path) -> None:
    """And of several archives one has to be named."""
    case = Case.create(
        tmp_path / "case",
        name="n",
        archives=[GOLDEN, FIRST_GOLDEN],
        root_key=WITNESS.public.vkey,
    )

    with pytest.raises(CaseError, match="say which archive"):
        package_case(options(case.folder, tmp_path / "out"), None)
    with pytest.raises(PackageError, match="not the one that you trust"):
        package_case(options(case.folder, tmp_path / "out"), "archive-v2")


def test_a_case_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Nothing is packaged of it."""
    case = new_case(tmp_path)
    (case.folder / CUSTODY).unlink()

    with pytest.raises(PackageError, match="the case cannot be read"):
        content_of(case, allows_damage=True)
