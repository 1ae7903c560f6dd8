"""The commands print who is connected, and end what they are told to end."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from gateway.cli import build_app
from gateway.evidence.event import EventKind
from gateway.server.control import NAME
from gateway.wire.api_keys import ApiKey
from tests.gateway.server.peers import Served, config_for, request, stuck_peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from typer.testing import Result

    from gateway.config.model import Config


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A gateway with one client who is known and one who is not yet."""
    async with (
        stuck_peer() as port,
        Served(config_for(tmp_path, upstream=[port])) as served,
    ):
        await served.connect()
        _, writer = await served.connect()
        writer.write(request(ApiKey.LIST_GROUPS, 4))
        async with asyncio.timeout(5):
            while not served.told(EventKind.SESSION_AUTHENTICATED):
                await asyncio.sleep(0.005)
        yield served


def _file_of(config: Config, folder: Path) -> Path:
    """Write what the commands need to know of a configuration."""
    (listener,) = config.listeners
    nodes = {"first_port": listener.nodes.first_port, "count": listener.nodes.count}
    written = {
        "instance": config.instance,
        "archive": str(config.archive),
        "journal": str(config.journal),
        "upstream": {"bootstrap": list(config.upstream.bootstrap)},
        "listeners": [
            {
                "name": "clients",
                "port": listener.port,
                "nodes": nodes,
                "authentication": {"type": "none"},
            }
        ],
    }
    file = folder / "gateway.yaml"
    file.write_text(json.dumps(written))
    return file


async def _run(served: Served, *arguments: str) -> Result:
    """Run a command beside the gateway, which answers it."""
    file = _file_of(served.config, served.config.archive.parent)
    command = ["sessions", *arguments, "--config", str(file)]
    return await asyncio.to_thread(CliRunner().invoke, build_app(), command)


def _lines(result: Result, mark: str) -> list[str]:
    """Pick the command's lines from among those that the gateway logs in the same process."""
    lines = result.stdout.splitlines()
    return [line for line in lines if mark in line and "[info" not in line]


async def test_sessions_are_listed_a_line_each(served: Served) -> None:
    """Who is not known yet is listed too."""
    listed = await _run(served, "list")
    lines = _lines(listed, "  clients  ")
    known, unknown = sorted(lines, key=lambda line: "(not" in line)

    assert listed.exit_code == 0
    assert "ANONYMOUS@none  test" in known
    assert "(not logged in)" in unknown


async def test_programs_get_json(served: Served) -> None:
    """An object a line."""
    listed = await _run(served, "list", "--json")
    sessions = list(map(json.loads, _lines(listed, "{")))

    assert {each["subject"] for each in sessions} == {"ANONYMOUS", None}


async def test_sessions_are_killed_by_id_and_by_principal(served: Served) -> None:
    """Each is named; where there is none, that is told."""
    listed = await _run(served, "list", "--json")
    unknown = next(
        line["session"] for line in map(json.loads, _lines(listed, "{")) if line["subject"] is None
    )
    why = ("--reason", "a test")
    by_id = await _run(served, "kill", unknown, *why)
    by_name = await _run(served, "kill", "--subject", "ANONYMOUS", "--issuer", "none", *why)
    again = await _run(served, "kill", "--subject", "ANONYMOUS", *why)

    assert (by_id.exit_code, _lines(by_id, "killed:")) == (0, [f"killed: {unknown}"])
    assert (by_name.exit_code, len(_lines(by_name, "killed:"))) == (0, 1)
    assert (again.exit_code, _lines(again, "killed:")) == (1, [])
    assert {each["reason"] for each in served.told(EventKind.SESSION_CLOSE)} == {"killed"}


async def test_nobody_answers(served: Served) -> None:
    """A gateway that does not run, or a configuration that is none, is exit code 2."""
    (served.config.journal_directory() / NAME).unlink()
    lost = await _run(served, "list")

    assert lost.exit_code == 2
    assert "no gateway answers" in lost.stderr
