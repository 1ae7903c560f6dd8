"""What a custody log is worth: what is wrong with it, what it shows, and what it cannot show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workbench.case.recorded import changed_files
from workbench.case.signing import signed_states

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.case.custody import Custody

_NO_HEAD: Final = (
    "not shown: that nothing was cut off at the end, or the whole log written anew; compare a "
    "head that was noted elsewhere, with --head"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found, in sentences."""

    problems: tuple[str, ...]
    """What is wrong."""
    told: tuple[str, ...]
    """What is to be known besides."""


def judge(folder: Path, custody: Custody, head: str | None) -> Judgement:
    """Check a custody log, the files that it names and a head that was noted elsewhere."""
    problems = [] if custody.flaw is None else [f"custody.jsonl, {custody.flaw}"]
    if custody.flaw is None and not custody.entries:
        problems.append("custody.jsonl is empty: the entry that begins every log was removed")
    told = [f"{len(custody.entries)} entries follow one another, head {custody.head}"]
    if head is None:
        told.append(_NO_HEAD)
    elif head.lower() in custody.digests:
        later = len(custody.entries) - 1 - custody.digests.index(head.lower())
        told.append(f"the noted head is among them, {later} entries before the end")
    else:
        problems.append(
            "no entry has the noted head: what followed it was cut off with it, or the log was "
            "written anew"
        )
    for state in signed_states(custody):
        signature = f"line {state.line}: signed with {state.key}"
        if state.problem is None:
            told.append(signature)
        else:
            problems.append(f"{signature}, and that does not hold: {state.problem}")
    for name, is_gone in changed_files(folder, custody):
        if is_gone:
            told.append(f"{name} is no longer there")
        else:
            problems.append(f"{name} is not what was recorded")
    return Judgement(problems=tuple(problems), told=tuple(told))
