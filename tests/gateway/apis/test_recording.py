"""Every API leaves its rows, in every version."""

from __future__ import annotations

import pytest

from gateway.apis.catalogue import ROLES, Role, changes_state
from gateway.apis.detail import to_json
from gateway.apis.recording import Knowledge, begin
from gateway.apis.topics import TopicDirectory
from gateway.evidence.event import Event, EventKind
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import default_body
from gateway.wire.table import load
from tests.gateway.apis.messages import filled

TEMPLATE = Event(kind=EventKind.EXCHANGE, wall_ns=1, monotonic_ns=2, session="s", exchange=4)

FORWARDED = [
    pytest.param(api_key, version, id=f"{ApiKey(api_key).name}-{version}")
    for api_key, role in ROLES.items()
    if role not in {Role.HIDDEN, Role.TERMINATED}
    for version in load()[api_key].versions
]


@pytest.mark.parametrize(("api_key", "version"), FORWARDED)
def test_every_exchange_can_be_recorded(api_key: ApiKey, version: int) -> None:
    """Rows before the request, rows and a detail at the answer: none of it fails."""
    request = filled(api_key, version, response=False)
    recording = begin(api_key, request, Knowledge(TopicDirectory()))
    before = recording.before(TEMPLATE, request)
    after, answered = recording.after(TEMPLATE, filled(api_key, version, response=True))
    expected = EventKind.PRODUCE if api_key == ApiKey.PRODUCE else EventKind.INTENT
    needs_row = api_key == ApiKey.PRODUCE or changes_state(api_key, request)

    assert [expected] * needs_row == [event.kind for event in before]
    assert [EventKind.PRODUCED] * (api_key == ApiKey.PRODUCE) == [event.kind for event in after]
    assert to_json({"request": recording.asked, "response": answered})


@pytest.mark.parametrize(
    ("api_key", "request_body", "expected"),
    [
        (ApiKey.FETCH, {"session_id": 0, "session_epoch": 0}, None),
        (ApiKey.FETCH, {"session_id": 5, "session_epoch": 3}, 70),
        (ApiKey.SHARE_FETCH, {"group_id": "g", "member_id": "m", "share_session_epoch": 0}, None),
        (ApiKey.SHARE_FETCH, {"group_id": "g", "member_id": "m", "share_session_epoch": 3}, 122),
        (ApiKey.PRODUCE, {}, None),
    ],
)
def test_a_session_begun_elsewhere_is_lost(
    api_key: ApiKey, request_body: dict[str, object], expected: int | None
) -> None:
    """What it holds is not known here; its client is told to begin anew."""
    assert expected == Knowledge(TopicDirectory()).lost_session(api_key, request_body)


@pytest.mark.parametrize(("error_code", "expected"), [(0, None), (122, 122)])
def test_a_share_session_is_known_from_the_brokers_answer_on(
    error_code: int, expected: int | None
) -> None:
    """What the broker refused to begin was not begun."""
    knowledge = Knowledge(TopicDirectory())
    request = default_body(ApiKey.SHARE_FETCH, 1, response=False)
    answer = default_body(ApiKey.SHARE_FETCH, 1, response=True) | {"error_code": error_code}
    begin(ApiKey.SHARE_FETCH, request, knowledge).after(TEMPLATE, answer)

    assert expected == knowledge.lost_session(
        ApiKey.SHARE_FETCH, request | {"share_session_epoch": 1}
    )
