"""Findings: the verdicts of an investigation on one page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from workbench.questions.page import STYLE
from workbench.questions.verdict import Answer

if TYPE_CHECKING:
    from workbench.questions.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Findings:
    """Some verdicts, in the order in which they are told."""

    verdicts: tuple[Verdict, ...]

    def __str__(self) -> str:
        return "\n".join(str(verdict) for verdict in self.verdicts)

    def _repr_html_(self) -> str:
        counts = Counter(verdict.answer for verdict in self.verdicts)
        told = ", ".join(f"{counts[answer]} {answer}" for answer in Answer)
        rows = "".join(_row(verdict) for verdict in self.verdicts)
        return (
            f'<style>{STYLE}</style><div class="sw sw-findings"><div class="sw-scroll"><table>'
            "<thead><tr><th>question</th><th>answer</th><th>proof</th><th>because</th></tr></thead>"
            f'<tbody>{rows}</tbody></table></div><div class="sw-count">{told}</div></div>'
        )


def findings(*verdicts: Verdict) -> Findings:
    """Put verdicts together.

    >>> import workbench as wb
    >>> from workbench import sample
    >>> from workbench.questions.findings import findings
    >>> from workbench.questions.refusals import what_was_refused
    >>> print(findings(what_was_refused(wb.open(sample.path()))))
    Was anything refused? yes: 1 request (DELETE_TOPICS) and 3 logins (admin, billing, kafka).
    """
    return Findings(verdicts)


def _row(verdict: Verdict) -> str:
    return (
        f'<tr class="sw-{verdict.answer}"><td>{escape(verdict.question)}</td>'
        f'<td><span class="sw-answer">{verdict.answer}</span></td>'
        f"<td>{verdict.proof or ''}</td><td>{escape(verdict.because)}</td></tr>"
    )
