"""An operator on the machine sees who is connected, and ends sessions with a word why."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING

import pytest
import structlog
from structlog.testing import capture_logs

from gateway.evidence.event import EventKind
from gateway.server import control
from gateway.server.control import NAME, Control, reachable
from gateway.wire.api_keys import ApiKey
from tests.gateway.server.peers import Served, config_for, request, stuck_peer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A gateway in front of a broker that answers nothing."""
    async with (
        stuck_peer() as port,
        Served(config_for(tmp_path, upstream=[port])) as served,
    ):
        async with asyncio.timeout(5):
            while not _socket(served).exists():
                await asyncio.sleep(0.005)
        yield served


def _socket(served: Served) -> Path:
    return served.config.journal_directory() / NAME


async def _say(served: Served, asked: object) -> dict[str, list[dict[str, object]]]:
    line = asked if isinstance(asked, bytes) else json.dumps(asked).encode() + b"\n"
    with reachable(_socket(served)) as place:
        reader, writer = await asyncio.open_unix_connection(place)
    writer.write(line)
    writer.write_eof()
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return dict(json.loads(answer)) if answer else {}


async def _connect(served: Served, count: int) -> list[asyncio.StreamReader]:
    readers = [(await served.connect())[0] for _ in range(count)]
    async with asyncio.timeout(5):
        while len((await _say(served, {"command": "list"}))["sessions"]) < count:
            await asyncio.sleep(0.005)
    return readers


async def test_sessions_are_listed(served: Served) -> None:
    """With who is at the other end, as far as that is known."""
    await _connect(served, 2)
    sessions = (await _say(served, {"command": "list"}))["sessions"]

    assert [each["subject"] for each in sessions] == [None, None]
    assert len({each["session"] for each in sessions}) == 2
    assert {each["listener"] for each in sessions} == {"clients"}


async def test_a_session_is_killed_and_the_record_says_by_whom(served: Served) -> None:
    """The others go on."""
    await _connect(served, 2)
    sessions = (await _say(served, {"command": "list"}))["sessions"]
    chosen = sessions[0]["session"]
    told = await _say(served, {"command": "kill", "sessions": [chosen], "reason": "stolen"})

    assert told == {"killed": [chosen]}
    left = (await _say(served, {"command": "list"}))["sessions"]
    assert [each["session"] for each in left] == [sessions[1]["session"]]
    (closed,) = served.told(EventKind.SESSION_CLOSE)
    assert closed["reason"] == "killed"
    assert str(closed["message"]).startswith("by user ")
    assert str(closed["message"]).endswith(": stolen")


@pytest.mark.parametrize(
    ("issuer", "expected"), [(None, 1), ("none", 1), ("https://idp.example", 0)]
)
async def test_all_sessions_of_a_principal_are_killed(
    served: Served, issuer: str | None, expected: int
) -> None:
    """Of one issuer, or of any."""
    reader, writer = await served.connect()
    await _connect(served, 0)
    writer.write(request(ApiKey.LIST_GROUPS, 4))
    async with asyncio.timeout(5):
        while not served.told(EventKind.SESSION_AUTHENTICATED):
            await asyncio.sleep(0.005)
    asked = {"command": "kill", "subject": "ANONYMOUS", "issuer": issuer, "reason": "x"}
    killed = (await _say(served, asked))["killed"]

    assert len(killed) == expected
    assert (await reader.read(1) == b"") if expected else not reader.at_eof()


@pytest.mark.parametrize(
    "request_line",
    [
        b"\n",
        b"nonsense\n",
        b'{"command": "stop"}\n',
        b'{"command": "list", "x": 1}\n',
        b'{"command": "kill", "reason": "all of them"}\n',
    ],
)
async def test_what_is_not_understood_is_told(served: Served, request_line: bytes) -> None:
    """And nothing is done."""
    assert list(await _say(served, request_line)) == ["error"]


async def test_whoever_asks_for_too_much_or_too_slowly_is_cut_off(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway has other things to do."""
    monkeypatch.setattr(control, "REQUEST_SECONDS", 0.05)
    with reachable(_socket(served)) as place:
        reader, writer = await asyncio.open_unix_connection(place)
    async with asyncio.timeout(5):
        assert await reader.read() == b""
    writer.close()


async def test_only_the_owner_can_open_the_socket(served: Served) -> None:
    """Whoever can open it can end every session."""
    assert _socket(served).stat().st_mode & 0o777 == 0o600


async def test_the_socket_goes_with_the_gateway(tmp_path: Path) -> None:
    """And one that was left behind is in nobody's way."""
    tmp_path.joinpath(NAME).touch()
    for _ in range(2):
        served = Control((), tmp_path, structlog.get_logger())
        await served.open()
        assert tmp_path.joinpath(NAME).is_socket()
        served.close()
        assert not tmp_path.joinpath(NAME).exists()


async def test_without_a_place_for_it_the_gateway_goes_on(tmp_path: Path) -> None:
    """It says so."""
    with capture_logs() as logs:
        lost = Control((), tmp_path / "none", structlog.get_logger())
        await lost.open()
        lost.close()

    assert [line["event"] for line in logs] == ["control_unavailable"]


def test_a_place_that_is_too_long_is_reached_all_the_same(tmp_path: Path) -> None:
    """Folders may lie deep; the system's structure has little room."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with socket.socket(socket.AF_UNIX) as listening, reachable(deep / NAME) as place:
        listening.bind(place)

    assert (deep / NAME).is_socket()
    with reachable(tmp_path / "s") as place:
        assert len(place) <= 108
