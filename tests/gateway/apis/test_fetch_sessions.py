"""Fetch sessions are followed so that each Fetch is known for what it asks."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.apis.fetch_sessions import PARTITIONS_MAX, SESSIONS_MAX, FetchSessions, Wanted


def _request(
    session_id: int = 0,
    epoch: int = 0,
    offsets: dict[int, int] | None = None,
    forgotten: list[int] | None = None,
) -> dict[str, Any]:
    partitions = [{"partition": p, "fetch_offset": o} for p, o in (offsets or {}).items()]
    return {
        "session_id": session_id,
        "session_epoch": epoch,
        "topics": [{"topic": "orders", "partitions": partitions}] if partitions else [],
        "forgotten_topics_data": [{"topic": "orders", "partitions": forgotten or []}],
    }


def _exchange(
    sessions: FetchSessions, request: dict[str, Any], session_id: int = 9, error_code: int = 0
) -> dict[int, int]:
    wanted = sessions.wanted(request)
    sessions.answered(wanted, {"session_id": session_id, "error_code": error_code})
    return {partition: offset for (_, partition), offset in wanted.offsets.items()}


@pytest.fixture
def sessions() -> FetchSessions:
    """Give sessions with session 9 open on partitions 0 and 1."""
    sessions = FetchSessions()
    _exchange(sessions, _request(offsets={0: 100, 1: 200}))
    return sessions


def test_partitions_left_out_keep_their_offsets(sessions: FetchSessions) -> None:
    """An incremental Fetch asks for what it names and for what it named before."""
    assert {0: 150, 1: 200} == _exchange(sessions, _request(9, 1, {0: 150}))
    assert {0: 150, 1: 200} == _exchange(sessions, _request(9, 2))


def test_a_request_that_names_nothing_new_asks_for_the_same(sessions: FetchSessions) -> None:
    """The usual poll of a consumer that has caught up; nothing is copied for it."""
    request = _request(9, 1)
    del request["forgotten_topics_data"]
    first = sessions.wanted(request)

    assert {("orders", 0): 100, ("orders", 1): 200} == first.offsets
    assert first.offsets is sessions.wanted(request).offsets


def test_forgotten_partitions_are_not_asked_for(sessions: FetchSessions) -> None:
    """A client that unassigned a partition does not read it."""
    assert {0: 100} == _exchange(sessions, _request(9, 1, forgotten=[1]))
    assert {0: 100, 2: 5} == _exchange(sessions, _request(9, 2, {2: 5}))


def test_a_full_fetch_begins_anew(sessions: FetchSessions) -> None:
    """Epoch 0 replaces the session that it names."""
    assert {2: 7} == _exchange(sessions, _request(9, 0, {2: 7}), session_id=10)
    assert {} == _exchange(sessions, _request(9, 1))
    assert {2: 7} == _exchange(sessions, _request(10, 1), session_id=10)


def test_a_last_fetch_ends_the_session(sessions: FetchSessions) -> None:
    """Epoch -1 is a full Fetch after which nothing is remembered."""
    assert {3: 1} == _exchange(sessions, _request(9, -1, {3: 1}))
    assert {} == _exchange(sessions, _request(9, 1))


@pytest.mark.parametrize(("session_id", "error_code"), [(9, 70), (0, 0)])
def test_a_session_that_the_broker_ends_is_forgotten(
    sessions: FetchSessions, session_id: int, error_code: int
) -> None:
    """After an error or session 0 the client must name everything again."""
    _exchange(sessions, _request(9, 1, {0: 150}), session_id, error_code)

    assert {} == _exchange(sessions, _request(9, 2))


def test_an_unanswered_request_changes_nothing(sessions: FetchSessions) -> None:
    """What a request would change is not remembered before the broker took it."""
    sessions.wanted(_request(9, 1, {0: 999}))

    assert {0: 100, 1: 200} == _exchange(sessions, _request(9, 1))


def test_what_was_begun_elsewhere_is_unknown() -> None:
    """A session from another connection is followed from here on, the rest is not guessed."""
    assert {4: 1} == _exchange(FetchSessions(), _request(77, 5, {4: 1}), session_id=77)


def test_a_version_without_sessions_names_everything() -> None:
    """Before version 7 each Fetch is full."""
    request = {"topics": [{"topic": "t", "partitions": [{"partition": 0, "fetch_offset": 3}]}]}

    assert Wanted(session_id=0, epoch=-1, offsets={("t", 0): 3}) == FetchSessions().wanted(request)


def test_topics_may_be_named_by_id() -> None:
    """From version 13 on the id is the key, in forgotten topics too."""
    sessions = FetchSessions()
    topic = {"topic_id": b"i" * 16, "partitions": [{"partition": 0, "fetch_offset": 3}]}
    request = {"session_id": 0, "session_epoch": 0, "topics": [topic]}
    sessions.answered(sessions.wanted(request), {"session_id": 5, "error_code": 0})
    forgotten = [{"topic_id": b"i" * 16, "partitions": [0]}]
    request = {
        "session_id": 5,
        "session_epoch": 1,
        "topics": [],
        "forgotten_topics_data": forgotten,
    }

    assert {} == sessions.wanted(request).offsets


def test_sessions_are_bounded() -> None:
    """A client that opens session after session costs a fixed number of them."""
    sessions = FetchSessions()
    for session_id in range(1, SESSIONS_MAX + 2):
        _exchange(sessions, _request(offsets={0: session_id}), session_id)

    assert {} == _exchange(sessions, _request(1, 1), 1)
    assert {0: SESSIONS_MAX + 1} == _exchange(
        sessions, _request(SESSIONS_MAX + 1, 1), SESSIONS_MAX + 1
    )


def test_remembered_partitions_are_bounded() -> None:
    """A session beyond the limit is not remembered at all."""
    sessions = FetchSessions()
    _exchange(sessions, _request(offsets=dict.fromkeys(range(PARTITIONS_MAX + 1), 0)))

    assert {} == _exchange(sessions, _request(9, 1))


@pytest.mark.parametrize(
    ("session_id", "epoch", "expected"),
    [(0, 0, True), (9, 0, True), (9, -1, True), (9, 1, True), (77, 0, True), (77, 1, False)],
)
def test_a_request_is_known_when_it_or_its_session_names_everything(
    sessions: FetchSessions, session_id: int, epoch: int, *, expected: bool
) -> None:
    """What a session holds that was begun elsewhere cannot be told."""
    assert expected == sessions.knows(_request(session_id, epoch))


def test_a_request_of_a_version_without_sessions_is_known() -> None:
    """It names everything."""
    assert FetchSessions().knows({"topics": []})


@pytest.mark.parametrize(
    ("session_id", "epoch", "expected"),
    [(9, 1, True), (9, 0, False), (9, -1, False), (77, 1, False)],
)
def test_the_topics_of_a_session_are_remembered(
    sessions: FetchSessions, session_id: int, epoch: int, *, expected: bool
) -> None:
    """Where a request goes on with it; a full one names all that it wants."""
    assert expected is bool(sessions.remembered(_request(session_id, epoch)))
