"""What a custody log is judged to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.log.signing import create_key_file, load_signer
from tests.workbench.case.cases import lines, new_case, rewrite
from workbench.case.custody import Action
from workbench.case.signing import sign_custody
from workbench.case.verdict import judge

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_noted_head_the_end_is_not_vouched_for(tmp_path: Path) -> None:
    """A log that was cut or written anew follows one another as well."""
    case = new_case(tmp_path)

    judged = judge(case.folder, case.log.read(), None)

    assert () == judged.problems
    assert any("3 entries follow one another" in each for each in judged.told)
    assert any("not shown" in each and "--head" in each for each in judged.told)


def test_an_emptied_log_is_none(tmp_path: Path) -> None:
    """Every log has the entry that began it."""
    case = new_case(tmp_path)
    rewrite(case)

    judged = judge(case.folder, case.log.read(), None)

    assert ("custody.jsonl is empty: the entry that begins every log was removed",) == (
        judged.problems
    )


def test_a_noted_head_finds_what_was_cut_off(tmp_path: Path) -> None:
    """A head that was reached since is as good as the newest."""
    case = new_case(tmp_path)
    noted = case.log.read().head
    assert noted is not None
    case.note("third")

    later = judge(case.folder, case.log.read(), noted.upper())
    rewrite(case, *lines(case)[:2])
    cut = judge(case.folder, case.log.read(), noted)

    assert () == later.problems
    assert any("1 entries before the end" in each for each in later.told)
    assert ["no entry has the noted head" in each for each in cut.problems] == [True]


def test_every_kind_of_problem_is_listed(tmp_path: Path) -> None:
    """The lines, the signatures and the files are looked at, whatever else is wrong."""
    case = new_case(tmp_path)
    create_key_file(tmp_path / "key.pem")
    sign_custody(case.log, load_signer(tmp_path / "key.pem", "example.com/ada"))
    case.log.append(Action.SIGNED, details={"key": "x", "note": "y"})
    report = case.folder / "report.html"
    report.write_text("a")
    case.add_report(report)
    report.write_text("b")
    (case.folder / "exports").mkdir()
    rewrite(case, *lines(case), b"torn")

    judged = judge(case.folder, case.log.read(), None)

    assert 3 == len(judged.problems)
    assert "custody.jsonl, line 7" in judged.problems[0]
    assert "line 5: signed with x, and that does not hold" in judged.problems[1]
    assert "report.html is not what was recorded" == judged.problems[2]
    assert any(each.startswith("line 4: signed with example.com/ada+") for each in judged.told)


def test_a_file_that_is_gone_is_no_problem_but_told(tmp_path: Path) -> None:
    """It may lie elsewhere now; its hash stands in the log."""
    case = new_case(tmp_path)
    report = case.folder / "report.html"
    report.write_text("a")
    case.add_report(report)
    report.unlink()

    judged = judge(case.folder, case.log.read(), None)

    assert () == judged.problems
    assert "report.html is no longer there" in judged.told
