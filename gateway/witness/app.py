"""The witness over HTTP: `POST /add-checkpoint`, and `GET /checkpoint` for auditors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from gateway.witness.witness import BAD, REQUEST_BYTES_MAX, Answer

if TYPE_CHECKING:
    from starlette.requests import Request

    from gateway.witness.witness import Witness

_TOO_LARGE = 413


def make_app(witness: Witness) -> Starlette:
    """Return the ASGI application of a witness."""

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > REQUEST_BYTES_MAX:
                return _response(Answer(_TOO_LARGE, b"the request is too large\n"))
        return _response(await run_in_threadpool(witness.add_checkpoint, body))

    async def checkpoint(request: Request) -> Response:
        log = request.query_params.get("log")
        if log is None:
            return _response(Answer(BAD, b"ask with ?log=NAME\n"))
        return _response(await run_in_threadpool(witness.newest, log))

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/checkpoint", checkpoint, methods=["GET"]),
        ]
    )


def _response(answer: Answer) -> Response:
    # Given as a media type, Starlette would add a charset to it, which the protocol does not have.
    return Response(answer.body, answer.status, headers={"Content-Type": answer.content_type})
