"""The HTTP API: who may do what with whose request."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING

import pytest

from gateway.approval.state import State
from gateway.approvals.api import make_app
from gateway.approvals.migrate import migrate, open_engine
from gateway.approvals.options import ReviewerOptions
from gateway.approvals.role import Roles
from gateway.approvals.service import Approvals
from gateway.approvals.store import Store
from gateway.approvals.token import TokenError
from tests.gateway.approvals.calling import Answered, call
from tests.gateway.approvals.samples import SINGLE, person

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fastapi import FastAPI

    from gateway.approval.vote import Reviewer
    from gateway.evidence.event import Event

OPTIONS = ReviewerOptions(
    issuer="https://id.example",
    audience="approvals",
    jwks="https://id.example/jwks",
    reviewer_groups=("security",),
    auditor_groups=("audit",),
    break_glass_groups=("emergency",),
)
PEOPLE = {
    "owner": person("anna"),
    "owner who reviews": person("anna", "security"),
    "reviewer": person("ben", "security"),
    "second reviewer": person("cara", "security"),
    "auditor": person("dora", "audit"),
    "emergency": person("eve", "emergency"),
    "stranger": person("fred"),
}
ROUTES = {
    "show": ("GET", "", None),
    "vote": ("POST", "/votes", {"verdict": "approve", "digest": SINGLE.digest}),
    "cancel": ("POST", "/cancel", None),
    "revoke": ("POST", "/revoke", {"reason": "leaked"}),
    "break": ("POST", "/break-glass", {"reason": "fire"}),
}
# For a pending request of the owner; 409: may do so, but not now or not here.
MATRIX = {
    "owner": {"show": 200, "vote": 403, "cancel": 200, "revoke": 403, "break": 403},
    "owner who reviews": {"show": 200, "vote": 409, "cancel": 200, "revoke": 409, "break": 403},
    "reviewer": {"show": 200, "vote": 200, "cancel": 403, "revoke": 409, "break": 403},
    "auditor": {"show": 200, "vote": 403, "cancel": 403, "revoke": 403, "break": 403},
    "emergency": {"show": 200, "vote": 403, "cancel": 403, "revoke": 403, "break": 200},
    "stranger": {"show": 404, "vote": 404, "cancel": 404, "revoke": 404, "break": 404},
    "nobody": {"show": 401, "vote": 401, "cancel": 401, "revoke": 401, "break": 401},
}


@pytest.fixture
def recorded() -> list[Event]:
    """Give the list that events are recorded in."""
    return []


@pytest.fixture
async def app(tmp_path: Path, recorded: list[Event]) -> AsyncIterator[FastAPI]:
    """Build the application over an empty database; a token is a role's name."""
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    await migrate(engine)

    async def authenticate(token: str) -> Reviewer:
        if token not in PEOPLE:
            raise TokenError("nobody has this token")
        return PEOPLE[token]

    yield make_app(Approvals(Store(engine), recorded.extend), Roles(OPTIONS), authenticate)
    await engine.dispose()


async def _asked(app: FastAPI) -> str:
    return str((await app.state.approvals.store.ask(SINGLE, 10**18 * 4)).answer.request_id)


async def _call(app: FastAPI, who: str, route: str, request_id: str) -> Answered:
    method, path, body = ROUTES[route]
    return await call(app, method, f"/api/requests/{request_id}{path}", who, body)


@pytest.mark.parametrize(("who", "route"), list(itertools.product(MATRIX, ROUTES)))
async def test_each_role_may_do_what_the_matrix_says(app: FastAPI, who: str, route: str) -> None:
    """Every route for everybody, with a request of the owner's."""
    answer = await _call(app, who, route, await _asked(app))

    assert MATRIX[who][route] == answer.status, answer.body


async def test_without_a_token_nobody_is_let_in(app: FastAPI) -> None:
    """The answer says why, and how to come."""
    answer = await call(app, "GET", "/api/requests", None)

    assert Answered(401, {"detail": "nobody has this token"}) == answer


@pytest.mark.parametrize(("who", "count"), [("owner", 1), ("auditor", 1), ("stranger", 0)])
async def test_everybody_lists_what_they_may_see(app: FastAPI, who: str, count: int) -> None:
    """Others' requests are not there for who is in no group."""
    await _asked(app)

    assert count == len((await call(app, "GET", "/api/requests?state=pending", who)).body)
    assert [] == (await call(app, "GET", "/api/requests?state=denied", who)).body


async def test_two_reviewers_approve_and_one_revokes(app: FastAPI, recorded: list[Event]) -> None:
    """Each step stands in the evidence, with who took it, about what, and with which token."""
    request_id = await _asked(app)
    answers = [
        await _call(app, who, route, request_id)
        for who, route in [
            ("reviewer", "vote"),
            ("second reviewer", "vote"),
            ("reviewer", "revoke"),
        ]
    ]
    history = await _call(app, "auditor", "show", request_id)
    details = [json.loads(event.detail or "") for event in recorded]

    assert [State.PENDING, State.APPROVED, State.REVOKED] == [
        each.body["state"] for each in answers
    ]
    assert ["ben", "cara"] == [vote["subject"] for vote in history.body["votes"]]
    assert ["approve", "approve", "revoked"] == [detail["step"] for detail in details]
    assert ["pending", "approved", "revoked"] == [detail["state"] for detail in details]
    assert {(request_id, "https://id.example")} == {(e.approval_id, e.issuer) for e in recorded}
    assert [SINGLE.digest] * 2 == [detail["voted_digest"] for detail in details[:2]]
    assert {"ab" * 32} == {detail["token_hash"] for detail in details}


async def test_broken_glass_is_an_alarm(app: FastAPI, recorded: list[Event]) -> None:
    """It is another step than a vote, and says why."""
    await _call(app, "emergency", "break", await _asked(app))
    detail = json.loads(recorded[0].detail or "")

    assert ("glass broken", True, "fire") == (detail["step"], detail["alarm"], detail["reason"])


async def test_a_vote_on_another_digest_is_refused(app: FastAPI) -> None:
    """Who looks at an old page decides about nothing."""
    path = f"/api/requests/{await _asked(app)}/votes"
    answer = await call(app, "POST", path, "reviewer", {"verdict": "approve", "digest": "0" * 64})

    assert 409 == answer.status
    assert "read it again" in answer.body["detail"]


@pytest.mark.parametrize(
    "body", [{"verdict": "perhaps", "digest": "0" * 64}, {"verdict": "deny"}, {"x": 1}, []]
)
async def test_a_body_that_is_none_is_told(app: FastAPI, body: object) -> None:
    """Nothing is guessed."""
    path = f"/api/requests/{await _asked(app)}/votes"

    assert 422 == (await call(app, "POST", path, "reviewer", body)).status


async def test_an_unknown_request_is_as_one_of_others(app: FastAPI) -> None:
    """Nobody learns which ids exist."""
    assert 404 == (await _call(app, "auditor", "show", "0" * 24)).status
    assert 422 == (await _call(app, "auditor", "show", "x")).status
