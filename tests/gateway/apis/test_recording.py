"""Every API leaves its rows, in every version."""

from __future__ import annotations

import pytest

from gateway.apis.catalogue import ROLES, Role, changes_state
from gateway.apis.detail import to_json
from gateway.apis.recording import Knowledge, begin
from gateway.apis.topics import TopicDirectory
from gateway.evidence.event import Event, EventKind
from gateway.wire.api_keys import ApiKey
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
