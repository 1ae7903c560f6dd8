"""Approvals beside the traffic: the database opened, the API served, all ended together."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import uvicorn

from gateway.approvals.api import make_app
from gateway.approvals.migrate import migrate, open_engine
from gateway.approvals.options import ReviewerOptions
from gateway.approvals.role import Roles
from gateway.approvals.service import Approvals
from gateway.approvals.store import Store
from gateway.approvals.token import Tokens
from gateway.server.listeners import BindError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from fastapi import FastAPI

    from gateway.config.approvals import Approvals as ApprovalsConfig
    from gateway.evidence.event import Event

BACKLOG = 64
CONNECTIONS_MAX = 100
STOP_SECONDS = 2


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process to the gateway."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def approving(
    config: ApprovalsConfig, record: Callable[[Sequence[Event]], object]
) -> AsyncIterator[Approvals]:
    """Serve approvals while the block runs; raises BindError when the port is not to be had.

    The database is brought to the newest version first.
    """
    listening = _listen(config.host, config.port)
    engine = open_engine(config.database)
    try:
        await migrate(engine)
        store = Store(
            engine,
            pending_minutes=config.pending_minutes,
            open_requests_max=config.open_requests_max,
        )
        approvals = Approvals(
            store,
            record,
            held_requests_max=config.held_requests_max,
            held_bytes_max=config.held_bytes_max,
        )
        options = ReviewerOptions(**config.reviewers.model_dump())
        app = make_app(approvals, Roles(options), Tokens(options).reviewer)
        async with _serving(app, config, listening), _expiring(approvals):
            yield approvals
    finally:
        listening.close()
        await engine.dispose()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise BindError(f"approvals: {host}:{port}: {error.strerror}") from None


@asynccontextmanager
async def _serving(
    app: FastAPI, config: ApprovalsConfig, listening: socket.socket
) -> AsyncIterator[None]:
    tls = config.tls
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=STOP_SECONDS,
            ssl_certfile=None if tls is None else tls.certificate,
            ssl_keyfile=None if tls is None else tls.key,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def _expiring(approvals: Approvals) -> AsyncIterator[None]:
    task = asyncio.create_task(approvals.keep_expiring())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
