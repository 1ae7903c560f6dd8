"""Connections to brokers: over TLS, logged in, and errors that say where and what to do."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from gateway.config.model import Upstream
from gateway.config.sasl import PasswordSasl
from gateway.config.tls import UpstreamTls
from gateway.server.dialing import Dialer, DialError
from gateway.server.ends import BrokerEnd
from gateway.wire.api_keys import ApiKey
from tests.authority import Authority
from tests.gateway.server.peers import on_uvloop, peer
from tests.gateway.session.conversation import answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SHAKEN = answer(ApiKey.SASL_HANDSHAKE, 1, correlation_id=0, mechanisms=["PLAIN"])
LET_IN = answer(ApiKey.SASL_AUTHENTICATE, 1, correlation_id=0, session_lifetime_ms=900)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority of this test alone."""
    return Authority(tmp_path / "authority")


@asynccontextmanager
async def broker_with_tls(authority: Authority, *, asks: bool = False) -> AsyncIterator[int]:
    """Listen with TLS and give back what comes."""
    made = authority.certify("broker")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    if asks:
        context.load_verify_locations(authority.certificate)
        context.verify_mode = ssl.CERT_REQUIRED

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(100))

    server = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.sleep(0.05)


def dialer(tls: UpstreamTls | None = None, sasl: PasswordSasl | None = None) -> Dialer:
    """Make a dialer."""
    return Dialer(Upstream(bootstrap=("127.0.0.1:1",), tls=tls, sasl=sasl))


@on_uvloop
async def test_a_broker_is_verified_and_shown_our_certificate(authority: Authority) -> None:
    """Both by the files that the configuration names."""
    client = authority.certify("gateway")
    tls = UpstreamTls(
        ca=authority.certificate, certificate=client.certificate, key=client.key, min_version="1.3"
    )
    async with broker_with_tls(authority, asks=True) as port:
        link = await dialer(tls).dial(("127.0.0.1", port))
        echoed = await link.ask(b"\0\0\0\x02ab")
        link.abort()

    assert b"ab" == echoed


@on_uvloop
async def test_a_broker_of_another_name_is_refused(authority: Authority) -> None:
    """Unless that name is the one that was meant, or nobody wants to know."""
    tls = UpstreamTls(ca=authority.certificate, server_name="broker.example.com")
    async with broker_with_tls(authority) as port:
        with pytest.raises(DialError) as caught:
            await dialer(tls).dial(("127.0.0.1", port))
        link = await dialer(UpstreamTls(verify=False)).dial(("127.0.0.1", port))
        link.abort()

    told = str(caught.value)
    assert told.startswith(f"127.0.0.1:{port}: the broker's certificate: Hostname mismatch")
    assert told.endswith("check upstream.tls (ca, server_name)")


@on_uvloop
async def test_a_port_without_tls_is_told(authority: Authority) -> None:
    """The broker closes, or answers with what is none."""

    async def answer_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"\0\0\0\x04abcd")
        await reader.read()

    async with peer(answer_plainly) as port:
        with pytest.raises(DialError, match=r"TLS failed: .*: does this port speak TLS"):
            await dialer(UpstreamTls(ca=authority.certificate)).dial(("127.0.0.1", port))


def with_password(folder: Path) -> PasswordSasl:
    """Make a login."""
    file = folder / "password"
    file.write_text("s3cret\n")
    return PasswordSasl(mechanism="PLAIN", username="gateway", password_file=file)


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Read one frame."""
    return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))


@on_uvloop
async def test_a_connection_is_logged_in_before_anybody_has_it(tmp_path: Path) -> None:
    """Then a session gets it, with all that comes from then on."""
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in (SHAKEN, LET_IN, b"\0\0\0\x05later"):
            received.append(await read_frame(reader))
            writer.write(reply)
        await reader.read()

    heard: list[bytes] = []

    class Owner:
        """Hears what a session would."""

        def broker_made(self, end: BrokerEnd) -> None:
            end.send(b"\0\0\0\x03ask")

        def broker_lost(self, _end: BrokerEnd) -> None:
            heard.append(b"lost")

        def tell(self, signal: object) -> None:
            heard.append(getattr(signal, "data", b""))

    async with peer(serve) as port:
        link = await dialer(sasl=with_password(tmp_path)).dial(("127.0.0.1", port))
        end = BrokerEnd(Owner(), 1_000)  # type: ignore[arg-type] # hears, and regulates nothing
        link.hand_over(end)
        while not heard:
            await asyncio.sleep(0.01)
        end.abort()
        await asyncio.sleep(0.02)

    assert 900 == link.lifetime_ms
    assert received[1].endswith(b"\0gateway\0s3cret")
    assert b"ask" == received[2]
    assert [b"\0\0\0\x05later", b"lost"] == heard


@on_uvloop
async def test_a_refused_login_says_where_to_look(tmp_path: Path) -> None:
    """The address, the reason, and the key of the configuration; not the password."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_frame(reader)
        writer.write(answer(ApiKey.SASL_HANDSHAKE, 1, correlation_id=0, error_code=34))
        await reader.read()

    async with peer(refuse) as port:
        with pytest.raises(DialError) as caught:
            await dialer(sasl=with_password(tmp_path)).dial(("127.0.0.1", port))

    assert str(caught.value) == (
        f"127.0.0.1:{port}: this port of the broker takes no SASL: check upstream.sasl (PLAIN)"
    )


@on_uvloop
async def test_a_password_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """Each login reads it anew, so that it can be changed."""
    sasl = with_password(tmp_path)
    sasl.password_file.unlink()

    async def wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with peer(wait) as port:
        with pytest.raises(DialError, match=r"password cannot be read: No such file"):
            await dialer(sasl=sasl).dial(("127.0.0.1", port))


@on_uvloop
async def test_who_gives_up_leaves_no_connection(tmp_path: Path) -> None:
    """A broker that never answers keeps nobody who is in a hurry."""
    ended = asyncio.Event()

    async def wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            ended.set()

    async with peer(wait) as port:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await dialer(sasl=with_password(tmp_path)).dial(("127.0.0.1", port))
        async with asyncio.timeout(5):
            await ended.wait()


@on_uvloop
async def test_a_connection_that_is_gone_is_given_to_nobody() -> None:
    """The broker may close at any moment."""

    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with peer(close) as port:
        link = await dialer().dial(("127.0.0.1", port))
        await asyncio.sleep(0.05)
        with pytest.raises(ConnectionResetError, match="does its port want TLS or SASL"):
            await link.ask(b"x")
        with pytest.raises(ConnectionResetError):
            link.hand_over(BrokerEnd(None, 1))  # type: ignore[arg-type] # is not asked
