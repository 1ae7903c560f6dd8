"""Approvals beside the traffic, called over HTTP by the commands of a terminal."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from gateway.cli import build_app
from gateway.config.approvals import Approvals as ApprovalsConfig
from gateway.server.approving import approving
from gateway.server.listeners import BindError
from tests.gateway.approvals import provider as providers
from tests.gateway.approvals.samples import NOW, SINGLE

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.event import Event
    from tests.gateway.approvals.provider import Provider


def _config(folder: Path, jwks: str, port: int) -> ApprovalsConfig:
    return ApprovalsConfig.model_validate(
        {
            "port": port,
            "database": f"sqlite:///{folder / 'a.db'}",
            "reviewers": {
                "issuer": "https://id.example",
                "audience": "approvals",
                "jwks": jwks,
                "reviewer_groups": ("security",),
            },
        }
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


async def _command(
    folder: Path, provider: Provider, who: str, *words: str, port: int
) -> tuple[int, str]:
    file = folder / who
    file.write_text(provider.token(who, "security"))
    given = ["--url", f"http://127.0.0.1:{port}", "--token-file", str(file)]

    def invoke() -> tuple[int, str]:
        result = CliRunner().invoke(build_app(), ["approvals", *words, *given])
        return result.exit_code, result.output

    return await asyncio.to_thread(invoke)


async def test_reviewers_decide_from_a_terminal(tmp_path: Path) -> None:
    """List, show, approve and revoke, with a token that the provider signed."""
    recorded: list[Event] = []
    port = _free_port()
    async with (
        providers.running() as provider,
        approving(_config(tmp_path, provider.jwks, port), recorded.extend) as approvals,
    ):
        request_id = (await approvals.store.ask(SINGLE, 2 * NOW)).answer.request_id
        digest = ["--digest", SINGLE.digest]
        outputs = []
        for who, words in [
            ("ben", ["list"]),
            ("ben", ["show", request_id]),
            ("ben", ["approve", request_id, *digest, "--reason", "seen"]),
            ("anna", ["approve", request_id, *digest]),
            ("cara", ["approve", request_id, *digest]),
            ("ben", ["revoke", request_id, "--reason", "over"]),
        ]:
            outputs.append(await _command(tmp_path, provider, who, *words, port=port))

    assert [0, 0, 0, 2, 0, 0] == [code for code, _ in outputs]
    assert f"{request_id}  pending  anna  FETCH  bulk\n" == outputs[0][1]
    assert SINGLE.digest in outputs[1][1]
    assert "nobody decides about their own request" in outputs[3][1]
    assert [f"{request_id} is {state}\n" for state in ("pending", "approved", "revoked")] == [
        outputs[n][1] for n in (2, 4, 5)
    ]
    assert 3 == len(recorded)


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    """Before anything else is opened."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BindError, match=f"approvals: 127.0.0.1:{port}"):
            async with approving(_config(tmp_path, "http://127.0.0.1:1/", port), len):
                pass

    assert not list(tmp_path.iterdir())
