"""What requests made while recording ran is told topic by topic."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import Client, Recording, at, opened
from workbench.questions.creations import creations

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ADMIN = Client(session="a", subject="admin")
ALL = 2**31 - 1


def asked(
    folder: Path,
    names: Sequence[str],
    errors: Sequence[int],
    *,
    api: ApiKey = ApiKey.CREATE_TOPICS,
    **more: object,
) -> list[tuple[str, int, int, bool]]:
    """Ask for topics, or for partitions up to 6, and tell what was made and whether surely."""
    topics = [{"name": name, "count": 6} for name in names]
    told = [{"name": name, "error_code": error} for name, error in zip(names, errors, strict=False)]
    answer = {"results" if api == ApiKey.CREATE_PARTITIONS else "topics": told}
    first_error = next(iter(error for error in errors if error), 0)
    recording = Recording()
    is_try = bool(more.pop("validate_only", False))
    columns = {"response": answer, "error_code": first_error} | more
    recording.ask(ADMIN, api, {"topics": topics, "validate_only": is_try}, **columns)
    return creations(opened(folder, recording)).drop("made_at").collect().rows()


def test_each_topic_of_a_request_has_an_outcome_of_its_own(tmp_path: Path) -> None:
    """The first error of the answer is another topic's."""
    expected = [("new", 0, ALL, True), ("late", 0, ALL, False)]

    assert expected == asked(tmp_path, ["old", "new", "late"], [36, 0, 7])


@pytest.mark.parametrize("error", [-1, 7, 13])
def test_a_failure_without_a_reason_may_have_made_it(tmp_path: Path, error: int) -> None:
    """The controller goes on when the broker has stopped waiting for it."""
    assert [("new", 0, ALL, False)] == asked(tmp_path, ["new"], [error])


def test_a_request_without_an_answer_may_have_made_it(tmp_path: Path) -> None:
    """Nobody knows what became of it."""
    expected = [("new", 0, ALL, False), ("other", 0, ALL, False)]

    assert expected == asked(tmp_path, ["new", "other"], [], response="unknown", error_code=None)


def test_a_topic_that_the_answer_leaves_out_may_have_been_made(tmp_path: Path) -> None:
    """The error that is told need not be its own."""
    assert [("new", 0, ALL, False)] == asked(tmp_path, ["old", "new"], [36])


def test_what_was_refused_only_tried_or_never_sent_made_nothing(tmp_path: Path) -> None:
    """There is nothing to begin."""
    assert [] == asked(tmp_path / "refused", ["new"], [29])
    assert [] == asked(tmp_path / "tried", ["new"], [0], validate_only=True)
    assert [] == asked(
        tmp_path / "denied", ["new"], [], decision="deny", response="refused", error_code=None
    )


def test_partitions_that_were_added_are_the_last(tmp_path: Path) -> None:
    """How many there were before nobody tells, but that there were fewer is sure."""
    api = ApiKey.CREATE_PARTITIONS

    assert [("t", 5, 5, True), ("t", 0, 4, False)] == asked(tmp_path / "made", ["t"], [0], api=api)
    assert [("t", 5, 5, False), ("t", 0, 4, False)] == asked(tmp_path / "late", ["t"], [7], api=api)


def test_a_topic_is_there_before_the_answer(tmp_path: Path) -> None:
    """An answer that says that time ran out comes long after the topic was made."""
    recording = Recording()
    detail = {"request": {"topics": [{"name": "new"}]}, "response": {}, "elapsed_ns": 30_000_000}
    last = recording.ask(ADMIN, ApiKey.CREATE_TOPICS, {}, detail=detail, error_code=7)
    made_at = creations(opened(tmp_path, recording)).collect()["made_at"].to_list()

    assert [at(last) - timedelta(milliseconds=30)] == made_at
