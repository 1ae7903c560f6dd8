"""The HTTP API of approvals: JSON, a bearer token with each call, described by OpenAPI.

What somebody may not see is not there for them: 404 and not 403, which would tell that it exists.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from gateway.approval.state import OPEN, State
from gateway.approval.vote import Reviewer, Verdict, VoteRefusedError
from gateway.approvals.role import Roles
from gateway.approvals.service import Approvals
from gateway.approvals.store import Ballot, Change, NoSuchRequestError, Row, WrongStateError
from gateway.approvals.token import TokenError

Authenticate = Callable[[str], Awaitable[Reviewer]]

Reason = Annotated[str, Field(min_length=1, max_length=1000)]
RequestId = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$")]


class Body(BaseModel):
    """What all bodies share: no field but the declared ones."""

    model_config = ConfigDict(extra="forbid")


class VoteBody(Body):
    """A vote on the request with this digest."""

    verdict: Verdict
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    reason: Annotated[str, Field(max_length=1000)] = ""


class ReasonBody(Body):
    """Why."""

    reason: Reason


class Problem(BaseModel):
    """Why a call was refused."""

    detail: Any


class RequestAnswer(BaseModel):
    """A request for approval; times in nanoseconds of the Unix clock."""

    id: str
    digest: str
    issuer: str
    subject: str
    api: str
    rule_id: str
    state: State
    asked: dict[str, Any]
    reviewers: int
    reviewer_groups: list[str]
    kind: str
    minutes: int
    records_max: int | None
    bytes_max: int | None
    asked_ns: int
    until_ns: int
    decided_ns: int | None
    used_records: int
    used_bytes: int
    glass_issuer: str | None
    glass_subject: str | None
    reason: str | None


class VoteAnswer(BaseModel):
    """A vote that was cast."""

    issuer: str
    subject: str
    verdict: Verdict
    reason: str
    cast_ns: int


class HistoryAnswer(RequestAnswer):
    """A request with its votes."""

    votes: list[VoteAnswer]


async def _caller(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Security(HTTPBearer(auto_error=False))],
) -> Reviewer:
    authenticate: Authenticate = request.app.state.authenticate
    try:
        # An empty token is refused as any other that proves nothing.
        return await authenticate("" if given is None else given.credentials)
    except TokenError as error:
        headers = {"WWW-Authenticate": "Bearer"}
        raise HTTPException(401, str(error), headers=headers) from None


class _Desk:
    """What the routes work with: the approvals of this gateway, and who may do what."""

    def __init__(self, request: Request) -> None:
        self.approvals: Approvals = request.app.state.approvals
        self.roles: Roles = request.app.state.roles

    async def find(self, who: Reviewer, request_id: str) -> tuple[Row, list[Row]]:
        """Give a request with its votes, or 404 where there is none for this person."""
        try:
            row, votes = await self.approvals.store.show(request_id)
        except NoSuchRequestError:
            row, votes = {}, []
        if not row or not self.roles.sees(who, row):
            raise HTTPException(404, f"no request {request_id}")
        return row, votes

    async def after(self, step: Awaitable[Change]) -> RequestAnswer:
        """Take a step, or say why it cannot be taken now."""
        try:
            change = await step
        except (VoteRefusedError, WrongStateError) as error:
            raise HTTPException(409, str(error)) from None
        return RequestAnswer(**_shown(change.row))


Desk = Annotated[_Desk, Depends(_Desk)]
Caller = Annotated[Reviewer, Depends(_caller)]

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem} for code in (400, 401, 403, 404, 409)
}
_ROUTER = APIRouter(prefix="/api/requests", responses=_PROBLEMS)


def make_app(approvals: Approvals, roles: Roles, authenticate: Authenticate) -> FastAPI:
    """Build the application; every call needs a token."""
    app = FastAPI(title="streamwitness approvals", version="1", docs_url=None, redoc_url=None)
    app.state.approvals = approvals
    app.state.roles = roles
    app.state.authenticate = authenticate
    app.include_router(_ROUTER)
    return app


@_ROUTER.get("")
async def list_requests(
    desk: Desk, who: Caller, state: Annotated[tuple[State, ...], Query(max_length=7)] = OPEN
) -> list[RequestAnswer]:
    """List the newest requests in some states: all of them, or one's own."""
    rows = await desk.approvals.store.listed(state)
    return [RequestAnswer(**_shown(row)) for row in rows if desk.roles.sees(who, row)]


@_ROUTER.get("/{request_id}")
async def show_request(desk: Desk, who: Caller, request_id: RequestId) -> HistoryAnswer:
    """Show one request with its votes."""
    row, votes = await desk.find(who, request_id)
    return HistoryAnswer(**_shown(row), votes=[VoteAnswer(**vote) for vote in votes])


@_ROUTER.post("/{request_id}/votes")
async def vote(desk: Desk, who: Caller, request_id: RequestId, body: VoteBody) -> RequestAnswer:
    """Approve or deny; needs the digest that was read."""
    await desk.find(who, request_id)
    if not desk.roles.reviews(who):
        raise HTTPException(403, "only reviewers vote")
    ballot = Ballot(
        request_id=request_id, digest=body.digest, verdict=body.verdict, reason=body.reason
    )
    return await desk.after(desk.approvals.vote(ballot, who))


@_ROUTER.post("/{request_id}/cancel")
async def cancel(desk: Desk, who: Caller, request_id: RequestId) -> RequestAnswer:
    """Take back one's own request."""
    row, _ = await desk.find(who, request_id)
    if not desk.roles.owns(who, row):
        raise HTTPException(403, "only who asked can cancel a request")
    return await desk.after(desk.approvals.cancel(request_id, who))


@_ROUTER.post("/{request_id}/revoke")
async def revoke(desk: Desk, who: Caller, request_id: RequestId, body: ReasonBody) -> RequestAnswer:
    """End what was approved, also for a client that is using it."""
    await desk.find(who, request_id)
    if not desk.roles.reviews(who):
        raise HTTPException(403, "only reviewers revoke")
    return await desk.after(desk.approvals.revoke(request_id, who, body.reason))


@_ROUTER.post("/{request_id}/break-glass")
async def break_glass(
    desk: Desk, who: Caller, request_id: RequestId, body: ReasonBody
) -> RequestAnswer:
    """Approve alone in an emergency, one's own request too; raises an alarm."""
    await desk.find(who, request_id)
    if not desk.roles.breaks_glass(who):
        raise HTTPException(403, "you may not break the glass")
    return await desk.after(desk.approvals.break_glass(request_id, who, body.reason))


def _shown(row: Row) -> dict[str, Any]:
    return row | {
        "asked": json.loads(row["asked"]),
        "reviewer_groups": json.loads(row["reviewer_groups"]),
    }
