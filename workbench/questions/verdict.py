"""The verdict: an answer, how well it is proved, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from workbench.questions.page import verdict_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from workbench.questions.coverage import Coverage


class Answer(StrEnum):
    """What a question may be answered with."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Proof(StrEnum):
    """How far the record proves that something was read (docs/questions.md)."""

    AUTHORISED = "L0"
    REQUESTED = "L1"
    DELIVERED = "L2"
    ACKNOWLEDGED = "L3"
    REPUBLISHED = "L4"

    @property
    def meaning(self) -> str:
        """The level in words."""
        return _MEANINGS[self]


_MEANINGS = {
    Proof.AUTHORISED: "was allowed to",
    Proof.REQUESTED: "asked for it",
    Proof.DELIVERED: "was sent the bytes",
    Proof.ACKNOWLEDGED: "was sent the bytes and committed an offset behind them",
    Proof.REPUBLISHED: "was sent the bytes and wrote the same content to another topic",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Verdict:
    """The answer to one question."""

    question: str
    answer: Answer
    because: str
    """One sentence with the figures that decided."""
    proof: Proof | None = None
    """The strongest proof among the rows; None where the question is not about reading."""
    coverage: Coverage
    covered: tuple[str, ...] = ()
    """What the answer takes into account, and under which assumptions it holds."""
    not_covered: tuple[str, ...] = ()
    """What could still be otherwise, and what the answer does not say."""
    frame: pl.DataFrame
    """A summary: what to read first."""
    rows: pl.LazyFrame
    """Every row behind the summary, collected when it is asked for."""
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        proof = "" if self.proof is None else f" ({self.proof})"
        return f"{self.question} {self.answer}{proof}: {self.because}"

    def _repr_html_(self) -> str:
        return verdict_html(
            question=self.question,
            answer=self.answer,
            proof="" if self.proof is None else f"proof {self.proof}: {self.proof.meaning}",
            because=self.because,
            frame=self.frame,
            grounds={
                "recorded": self.coverage.sentences(),
                "taken into account": self.covered,
                "not covered": self.not_covered,
            },
        )
