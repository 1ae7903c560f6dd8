"""What recorded requests say."""

from __future__ import annotations

import json

import msgspec
import pytest

from workbench.archive.detail import ExchangeDetail
from workbench.archive.requests import Commit, read_commits, read_targets


def exchange(request: object, response: object = "unknown") -> ExchangeDetail:
    """Make the detail of an exchange."""
    parts = (msgspec.Raw(json.dumps(each).encode()) for each in (request, response))
    return ExchangeDetail(request=next(parts), response=next(parts))


def topic(*partitions: dict[str, int], **names: str | None) -> dict[str, object]:
    """Make a topic of a request or an answer."""
    return {**names, "partitions": list(partitions)}


def offset(partition: int, committed: int) -> dict[str, int]:
    """Make a partition of a commit."""
    return {"partition_index": partition, "committed_offset": committed}


def error(partition: int, code: int) -> dict[str, int]:
    """Make a partition of an answer to a commit."""
    return {"partition_index": partition, "error_code": code}


def test_each_partition_of_a_commit_has_its_own_answer() -> None:
    """Errors are found by topic and partition, in whatever order the answer has them."""
    asked = topic(offset(0, 5), offset(1, 6), name="a")
    request = {"group_id": "g", "member_id": "m", "topics": [asked]}
    response = {"topics": [topic(error(1, 22), error(0, 0), name="a")]}

    read = read_commits(exchange(request, response), None)

    about = {"group_id": "g", "member_id": "m", "topic": "a", "topic_id": None}
    assert (
        Commit(**about, partition=0, committed_offset=5, error_code=0),
        Commit(**about, partition=1, committed_offset=6, error_code=22),
    ) == read.commits


def test_topics_by_id_are_answered_by_id() -> None:
    """From version 10 on both sides name ids; the name stands beside where it is known."""
    request = {"topics": [topic(offset(0, 5), topic_id="x", name="a")]}
    response = {"topics": [topic(error(0, 3), topic_id="x", name=None)]}

    (commit,) = read_commits(exchange(request, response), None).commits

    assert ("a", "x", 3) == (commit.topic, commit.topic_id, commit.error_code)


@pytest.mark.parametrize("response", ["refused", {"topics": []}])
def test_a_partition_without_an_answer_has_the_error_of_the_whole(response: object) -> None:
    """A refusal, or a partition that the answer leaves out, is told by the exchange."""
    request = {"topics": [topic(offset(0, 5), name="a")]}

    (commit,) = read_commits(exchange(request, response), 30).commits

    assert 30 == commit.error_code


def test_what_was_not_recorded_is_counted() -> None:
    """Long requests are shortened; how many topics and partitions are missing is known."""
    request = {"topics": [topic(offset(0, 5), {"left_out": 7}, name="a"), {"left_out": 2}]}

    read = read_commits(exchange(request), None)

    assert (1, 9) == (len(read.commits), read.left_out)


@pytest.mark.parametrize(
    ("request_", "targets"),
    [
        ({"topics": [{"name": "a"}, {"name": "b"}, {"name": "a"}]}, ["a", "b"]),
        ({"topic_names": ["a", "b"], "timeout_ms": 1}, ["a", "b"]),
        ({"topics": [{"topic_id": "x", "name": "a"}]}, ["a"]),
        ({"topics": [{"topic_id": "x", "name": None}]}, ["x"]),
        ({"topics": [{"topic_id": "x", "topic_name": "a"}]}, ["a"]),
        ({"groups_names": ["g"]}, ["g"]),
        ({"group_id": "g", "protocols": [{"name": "range", "metadata": ""}]}, ["g"]),
        (
            {
                "resources": [
                    {"resource_type": 2, "resource_name": "a", "configs": [{"name": "retention"}]}
                ]
            },
            ["a"],
        ),
        ({"topics": None, "include": True, "protocol_type": "consumer"}, []),
        ({}, []),
    ],
)
def test_targets_are_what_a_request_names(request_: dict[str, object], targets: list[str]) -> None:
    """Topics, groups and resources are listed once each; settings and protocols are not."""
    assert targets == read_targets(exchange(request_))


@pytest.mark.parametrize("read", [read_targets, lambda detail: read_commits(detail, None)])
def test_a_broken_request_is_an_error(read: object) -> None:
    """Whoever reads it must say that it cannot be read."""
    assert callable(read)
    with pytest.raises(msgspec.MsgspecError):
        read(ExchangeDetail(request=msgspec.Raw(b"{")))
