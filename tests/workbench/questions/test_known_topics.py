"""What requests named is known where they may have worked, topic by topic."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.workbench.frames import Frames
from workbench.questions.known_topics import administered, is_no_failure


def asked(**columns: Any) -> set[str]:  # noqa: ANN401 - any column of `admin`
    """Record one request about topics and return what is known by it."""
    frames = Frames()
    frames.connect("s1", "admin")
    given: dict[str, Any] = {"api": "DELETE_TOPICS", "error_code": 0} | columns
    frames.add("admin", "s1", **given)
    return administered(frames.tables)


@pytest.mark.parametrize("error", [None, 0, 7, 36])
def test_what_may_have_worked_makes_its_topics_known(error: int | None) -> None:
    """Done, of unknown outcome, timed out, or there before."""
    assert {"a"} == asked(targets=["a"], error_code=error)


@pytest.mark.parametrize(
    "columns",
    [
        {"error_code": 3},
        {"error_code": 3, "response": "{"},
        {"error_code": 3, "response": "[1]"},
        {"error_code": None, "decision": "deny"},
        {"error_code": None, "outcome": "refused"},
        {"error_code": None, "outcome": "not_forwarded"},
        {"api": "DELETE_GROUPS"},
    ],
)
def test_what_surely_did_not_work_makes_none_known(columns: dict[str, Any]) -> None:
    """Failed, refused, never sent, or not about topics."""
    assert set() == asked(targets=["a"], **columns)


def test_of_several_topics_those_count_that_worked() -> None:
    """The row tells the first error alone, the answer that of each topic or of its partitions."""
    responses = [{"name": "a", "error_code": 3}, {"name": "b", "error_code": 0}, 1]
    partitions = [{"error_code": 3}, {"error_code": 0}]
    topics = [{"name": "c", "partitions": partitions}, {"name": "d", "partitions": partitions[:1]}]

    for told, known in ((responses, {"b"}), (topics, {"c"})):
        answer = json.dumps({"throttle_time_ms": 0, "told": told})
        targets = ["a", "b", "c", "d"]
        assert known == asked(targets=targets, error_code=3, response=answer)


def test_rows_of_failed_requests_are_left_out() -> None:
    """Whatever table they are of."""
    frames = Frames()
    frames.connect("s1", "admin")
    for error in (3, None, 0):
        frames.add("commits", "s1", error_code=error)

    assert [None, 0] == frames.tables.commits.filter(is_no_failure()).collect()[
        "error_code"
    ].to_list()
