"""Records of producers that were told no offset are recognised, those that were refused are not."""

from __future__ import annotations

import polars as pl
import pytest

from tests.workbench.frames import Frames
from workbench.questions.unanswered import mark_unanswered, may_be_kept

REFUSED = (2, 10, 17, 29, 41)
KEPT_PERHAPS = (-1, 6, 7, 13, 20, 56)


def sent(error_code: int | None, *values: str) -> Frames:
    """Record values that were sent to `orders` without being told an offset."""
    frames = Frames()
    frames.connect("p", "shop")
    frames.connect("c", "billing")
    send(frames, error_code, *values)
    return frames


def send(frames: Frames, error_code: int | None, *values: str) -> None:
    """Send values, and be told an error or nothing."""
    frames.write("p", "orders", None, list(values), 10)
    frames.lines["produced"][-1]["error_code"] = error_code


def marks(frames: Frames, *values: str, masked: bool = False) -> list[tuple[bool, bool]]:
    """Deliver values, and tell which of them are and which may be of those that were sent."""
    frames.give("c", "orders", 5, list(values), 20, masked={"card": 1} if masked else None)
    missing = pl.LazyFrame(
        {"topic": ["orders"], "partition": [0], "offset": [5], "is_masked": [masked]},
        schema_overrides={"partition": pl.Int32},
    )
    found = pl.concat([missing.with_columns(pl.col("offset") + at) for at in range(len(values))])
    marked = mark_unanswered(found, frames.tables).sort("offset").collect()
    return marked.select("is_unanswered", "is_maybe_unanswered").rows()


def test_records_without_an_answer_are_recognised() -> None:
    """Each of them once: the third of two is somebody else's."""
    frames = sent(None, "x")
    send(frames, None, "x")

    assert [(True, False), (True, False), (False, False)] == marks(frames, "x", "x", "x")


@pytest.mark.parametrize("error_code", REFUSED)
def test_refused_records_explain_nothing(error_code: int) -> None:
    """The broker did not keep them: who wrote the same past the gateway is not hidden."""
    assert [(False, False)] == marks(sent(error_code, "x"), "x")
    assert [(False, False)] == marks(sent(error_code, "x"), "***", masked=True)


@pytest.mark.parametrize("error_code", KEPT_PERHAPS)
def test_records_that_failed_somehow_may_have_been_kept(error_code: int) -> None:
    """The leader has them in its log when it waits in vain for the other replicas."""
    assert [(False, True), (False, False)] == marks(sent(error_code, "x"), "x", "x")


def test_a_batch_that_was_refused_and_sent_again_counts_once() -> None:
    """Its records stand once in the table, whatever became of each request."""
    frames = sent(29, "x")
    send(frames, None, "x")

    assert [(True, False), (False, False)] == marks(frames, "x", "x")


def test_what_may_be_in_the_log_is_told_from_what_is_not() -> None:
    """Only where no offset was told."""
    frames = Frames()
    frames.connect("p", "shop")
    for error_code in (None, *REFUSED, *KEPT_PERHAPS):
        send(frames, error_code, "x")
    frames.write("p", "orders", 0, ["x"], 20)
    kept = frames.tables.produced.filter(may_be_kept()).collect()

    assert [None, *KEPT_PERHAPS] == kept["error_code"].to_list()
