"""A verdict reads as a sentence and shows as a box."""

from __future__ import annotations

import polars as pl
import pytest

from tests.workbench.frames import Frames
from workbench.questions.coverage import cover
from workbench.questions.verdict import Answer, Proof, Verdict


def verdict(answer: Answer, proof: Proof | None = None) -> Verdict:
    """Make a verdict about nothing."""
    return Verdict(
        question="Did anybody read it?",
        answer=answer,
        because="One connection of eve received it.",
        proof=proof,
        coverage=cover(Frames().tables),
        frame=pl.DataFrame({"principal": ["eve"]}),
        rows=pl.LazyFrame(),
    )


def test_a_verdict_reads_as_one_sentence() -> None:
    """Logs and terminals show the question, the answer, the proof and the reason."""
    expected = "Did anybody read it? yes (L2): One connection of eve received it."

    assert expected == str(verdict(Answer.YES, Proof.DELIVERED))
    assert expected == repr(verdict(Answer.YES, Proof.DELIVERED))
    assert "Did anybody read it? no: " in str(verdict(Answer.NO))


@pytest.mark.parametrize("proof", Proof)
def test_every_level_of_proof_says_what_it_means(proof: Proof) -> None:
    """A reader who does not know L3 finds it in words."""
    assert proof.meaning
    assert proof.meaning in verdict(Answer.YES, proof)._repr_html_()


@pytest.mark.parametrize("answer", Answer)
def test_the_box_shows_the_answer(answer: Answer) -> None:
    """It is written out, not only coloured."""
    assert f'<span class="sw-answer">{answer}</span>' in verdict(answer)._repr_html_()
