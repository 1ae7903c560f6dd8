"""Ports with TLS: who is let in, what failures are called, and that nobody waits for another."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import structlog

from gateway.config.authentication import MtlsAuthentication
from gateway.config.model import Nodes
from gateway.config.tls import ListenerTls
from gateway.evidence.event import EventKind
from gateway.identity.certificate import read_certificate
from gateway.server import handshakes
from gateway.server.handshakes import Blame, explain, open_sockets
from gateway.server.listeners import BindError
from gateway.wire.api_keys import ApiKey
from tests.authority import Authority
from tests.gateway.server.peers import (
    Served,
    ask,
    config_for,
    free_ports,
    on_uvloop,
    request,
    stuck_peer,
    taken_bytes,
)
from tests.gateway.server.test_pump import MIB, produce

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from gateway.config.model import Config


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """An authority of this test alone."""
    return Authority(tmp_path / "authority")


def with_tls(config: Config, authority: Authority, **more: object) -> Config:
    """Give a configuration's listener TLS."""
    made = authority.certify("gateway")
    tls = ListenerTls(certificate=made.certificate, key=made.key)
    listener = config.listeners[0].model_copy(update={"tls": tls.model_copy(update=more)})
    return config.model_copy(update={"listeners": (listener,)})


async def connect(
    served: Served, context: ssl.SSLContext, name: str | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as a client with TLS, which may mean to reach a host of some name."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", served.port, ssl=context, server_hostname=name
    )
    served.keep(writer)
    return reader, writer


async def eventually(served: Served, kind: EventKind) -> dict[str, object]:
    """Wait for the first event of a kind."""
    async with asyncio.timeout(5):
        while not (found := served.told(kind)):
            await asyncio.sleep(0.01)
    return found[0]


@on_uvloop
async def test_a_client_comes_in_by_tls(tmp_path: Path, authority: Authority) -> None:
    """What it sends is understood, and the record says how the connection was secured."""
    config = with_tls(config_for(tmp_path, upstream=[1]), authority)
    async with Served(config) as served:
        connection = await connect(served, authority.client_context())
        answer = await ask(connection, ApiKey.SASL_HANDSHAKE, 1)
        opened = await eventually(served, EventKind.SESSION_OPEN)
        connection[1].close()

    assert answer["error_code"]
    assert str(opened["tls"]).startswith("TLSv1.3 TLS_")


@pytest.mark.parametrize("is_http", [True, False])
@on_uvloop
async def test_a_client_without_tls_is_told_of(
    tmp_path: Path, authority: Authority, *, is_http: bool
) -> None:
    """The commonest mistake has its own words, in the log and in the evidence."""
    sent = b"GET / HTTP/1.1\r\n\r\n" if is_http else request(ApiKey.API_VERSIONS, 3)
    config = with_tls(config_for(tmp_path, upstream=[1]), authority)
    with structlog.testing.capture_logs() as lines:
        async with Served(config) as served:
            reader, writer = await served.connect()
            writer.write(sent)
            with suppress(ConnectionError):
                await reader.read()
            told = await eventually(served, EventKind.PROTOCOL_ERROR)

    expected = "spoke HTTP" if is_http else "is its security.protocol PLAINTEXT"
    assert told["side"] == "client"
    assert expected in str(told["message"])
    (line,) = [each for each in lines if each["event"] == "handshake_failed"]
    assert line["reason"] == told["message"]


@on_uvloop
async def test_a_client_that_is_silent_holds_nobody_up(
    tmp_path: Path, authority: Authority
) -> None:
    """Others are let in meanwhile, and its time is bounded."""
    config = with_tls(config_for(tmp_path, upstream=[1]), authority, handshake_ms=500)
    with structlog.testing.capture_logs() as lines:
        async with Served(config) as served:
            silent, _ = await served.connect()
            began = asyncio.get_running_loop().time()
            await connect(served, authority.client_context())
            took = asyncio.get_running_loop().time() - began
            with suppress(ConnectionError):
                await silent.read()
            lasted = asyncio.get_running_loop().time() - began
            await asyncio.sleep(0.05)

    assert took < 0.4
    assert 0.3 < lasted < 2
    assert ["the handshake took too long"] == [
        line["reason"] for line in lines if line["event"] == "handshake_failed"
    ]


@on_uvloop
async def test_handshakes_count_as_connections(tmp_path: Path, authority: Authority) -> None:
    """Or silent clients could be as many as they like."""
    config = with_tls(config_for(tmp_path, upstream=[1], connections=1), authority)
    async with Served(config) as served:
        await served.connect()
        await asyncio.sleep(0.05)
        second, _ = await served.connect()
        with suppress(ConnectionError):
            assert b"" == await second.read()
        told = await eventually(served, EventKind.SESSION_REJECTED)

    assert told["reason"] == "connection limit"


@on_uvloop
async def test_a_refused_client_certificate_is_recorded(
    tmp_path: Path, authority: Authority
) -> None:
    """None, a stranger's, a revoked one; and a good one is let in."""
    known, revoked = authority.certify("known"), authority.certify("revoked")
    stranger = Authority(tmp_path / "stranger", "stranger").certify("mallory")
    asking = {
        "client_authentication": "required",
        "client_ca": authority.certificate,
        "client_crl": authority.revoke(revoked),
    }
    config = with_tls(config_for(tmp_path, upstream=[1]), authority, **asking)
    async with Served(config) as served:
        for count, identity in enumerate((None, stranger, revoked), start=1):
            with suppress(OSError):
                reader, _ = await connect(served, authority.client_context(identity))
                await reader.read()
            async with asyncio.timeout(5):
                while len(served.told(EventKind.SESSION_REJECTED)) < count:
                    await asyncio.sleep(0.01)
        await connect(served, authority.client_context(known))
        await eventually(served, EventKind.SESSION_OPEN)

    told = served.told(EventKind.SESSION_REJECTED)
    assert {"client certificate refused"} == {each["reason"] for each in told}
    assert [each["message"] for each in told] == [
        "the client showed no certificate, which is required",
        "the client's certificate: unable to get local issuer certificate",
        "the client's certificate: certificate revoked",
    ]


async def until(is_true: Callable[[], bool]) -> None:
    """Wait until something has come about."""
    async with asyncio.timeout(5):
        while not is_true():
            await asyncio.sleep(0.01)


@on_uvloop
async def test_certificates_are_loaded_anew(tmp_path: Path, authority: Authority) -> None:
    """When the files change, and when SIGHUP came; who is connected stays."""
    config = with_tls(config_for(tmp_path, upstream=[1]), authority)
    served = Served(config)
    told: list[str] = []

    async def come() -> str:
        _, writer = await connect(served, authority.client_context())
        return str(writer.get_extra_info("peercert")["serialNumber"])

    with structlog.testing.capture_logs() as lines:
        await served.__aenter__()
        serials = [await come()]
        authority.certify("gateway")
        await until(lambda: any(each["event"] == "tls_reloaded" for each in lines))
        serials.append(await come())
        authority.certify("gateway")
        served.worker.reload()
        serials.append(await come())
        (tmp_path / "authority" / "gateway.key").write_text("nonsense")
        served.worker.reload()
        serials.append(await come())
        await until(lambda: len(served.worker._listeners.pumps) == 4)
        told += [line["event"] for line in lines if line["event"].startswith("tls_")]
        await served.__aexit__()

    assert 3 == len(set(serials))
    assert serials[2] == serials[3]
    assert ["tls_reloaded", "tls_reloaded", "tls_reload_failed"] == told


@on_uvloop
async def test_a_certificate_that_cannot_be_loaded_ends_the_start(
    tmp_path: Path, authority: Authority
) -> None:
    """The error names the listener, the file and the reason."""
    config = with_tls(config_for(tmp_path, upstream=[1]), authority)
    (tmp_path / "authority" / "gateway.key").unlink()
    served = Served(config)
    with pytest.raises(BindError, match=r"listener clients: tls: .*gateway.key cannot be read"):
        await served.worker.serve()
    served.worker._passwords.close()


@on_uvloop
async def test_a_certificate_is_a_login(tmp_path: Path, authority: Authority) -> None:
    """The principal is the one that the rules make of it, and the record has the certificate."""
    alice, bob = authority.certify("alice"), authority.certify("bob")
    mtls = MtlsAuthentication(type="mtls", mapping_rules="RULE:^CN=(alice)$/$1/U")
    asking = {"client_authentication": "required", "client_ca": authority.certificate}
    config = with_tls(config_for(tmp_path, upstream=[1]), authority, **asking)
    listener = config.listeners[0].model_copy(update={"authentication": mtls})
    async with Served(config.model_copy(update={"listeners": (listener,)})) as served:
        _, writer = await connect(served, authority.client_context(alice))
        writer.write(request(ApiKey.LIST_GROUPS, 4))
        await eventually(served, EventKind.SESSION_AUTHENTICATED)
        refused, _ = await connect(served, authority.client_context(bob))
        with suppress(OSError):
            assert b"" == await refused.read()
        told = await eventually(served, EventKind.SESSION_REJECTED)

    assert told["message"] == "no rule of mapping_rules fits CN=bob"
    opened = served.told(EventKind.SESSION_OPEN)
    assert [read_certificate(alice.der).summary()] == [each["certificate"] for each in opened]
    (event,) = [e for e in served.events() if e.kind is EventKind.SESSION_AUTHENTICATED]
    assert ("CN=authority", "ALICE") == (event.issuer, event.subject)
    (authenticated,) = served.told(EventKind.SESSION_AUTHENTICATED)
    assert authenticated["mechanism"] == "mtls"
    assert authenticated["certificate"] == opened[0]["certificate"]


@on_uvloop
async def test_a_name_stands_for_a_node(tmp_path: Path, authority: Authority) -> None:
    """One port serves all; a name that stands for nothing, or none, is refused and recorded."""
    config = with_tls(config_for(tmp_path, upstream=[1]), authority)
    names = {"nodes": Nodes(sni="b{node_id}.kafka.example"), "advertised_host": "all.kafka.example"}
    listener = config.listeners[0].model_copy(update=names)
    context = authority.client_context()
    context.check_hostname = False
    served = Served(config.model_copy(update={"listeners": (listener,)}))
    await served.__aenter__()
    for name in ("all.kafka.example", "b7.kafka.example", "B0.kafka.example"):
        await connect(served, context, name)
    for name in ("c7.kafka.example", "127.0.0.1"):
        refused, _ = await connect(served, context, name)
        with suppress(OSError):
            assert b"" == await refused.read()
    await until(lambda: len(served.told(EventKind.SESSION_OPEN)) == 3)
    opened = [e.node_id for e in served.events() if e.kind is EventKind.SESSION_OPEN]
    await served.__aexit__()

    assert [None, 7, 0] == opened
    assert [
        ("unknown server name", "c7.kafka.example is no name of this listener"),
        ("unknown server name", "the client named no host"),
    ] == [(each["reason"], each["message"]) for each in served.told(EventKind.SESSION_REJECTED)]


@on_uvloop
async def test_a_broker_that_does_not_read_stops_a_client_with_tls(
    tmp_path: Path, authority: Authority
) -> None:
    """The client can send little more than the buffers between it and the stuck broker hold."""
    async with stuck_peer() as port:
        config = with_tls(config_for(tmp_path, upstream=[port], drain_seconds=0), authority)
        async with Served(config) as served:
            _, writer = await connect(served, authority.client_context())
            sent = await taken_bytes(writer, produce(b"x" * 100_000), at_most=200 * MIB)
            writer.transport.abort()

    assert sent < 32 * MIB


@on_uvloop
async def test_a_client_with_tls_that_reads_no_answers_is_not_read(
    tmp_path: Path, authority: Authority
) -> None:
    """Answers cannot pile up in the buffers of TLS either."""
    too_new = request(ApiKey.API_VERSIONS, 0)
    too_new = too_new[:6] + (99).to_bytes(2, "big") + too_new[8:]
    config = with_tls(config_for(tmp_path, upstream=[1], drain_seconds=0), authority)
    async with Served(config) as served:
        _, writer = await connect(served, authority.client_context())
        sent = await taken_bytes(writer, too_new * 500, at_most=200 * MIB)
        writer.transport.abort()

    assert sent < 32 * MIB


@on_uvloop
async def test_a_taken_port_leaves_nothing_open() -> None:
    """Of several addresses the last may be taken."""
    port = free_ports(1)
    first = await open_sockets("127.0.0.1", port)
    with pytest.raises(OSError, match="in use"):
        await open_sockets("localhost", port)
    first[0].close()
    for each in await open_sockets("localhost", port):
        each.close()

    assert -1 == first[0].fileno()


@on_uvloop
async def test_accepting_goes_on_after_an_error(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without free file descriptors every accept fails, until some are free again."""
    loop = type(asyncio.get_running_loop())
    accept, fails = loop.sock_accept, [OSError("no file descriptors")] * 3

    async def accept_later(of: asyncio.AbstractEventLoop, listening: socket.socket) -> object:
        if fails:
            raise fails.pop()
        return await accept(of, listening)

    monkeypatch.setattr(handshakes, "ACCEPT_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(loop, "sock_accept", accept_later)
    config = with_tls(config_for(tmp_path, upstream=[1]), authority)
    async with Served(config) as served:
        await connect(served, authority.client_context())
        opened = await eventually(served, EventKind.SESSION_OPEN)

    assert [] == fails
    assert opened["tls"]


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("NO_SHARED_CIPHER", "no cipher that the gateway takes"),
        ("SSLV3_ALERT_CERTIFICATE_UNKNOWN", "does not trust the gateway's certificate"),
        ("SOME_NEW_REASON", "some new reason"),
    ],
)
def test_other_failures_have_words_too(reason: str, told: str) -> None:
    """Those that say what to do where it is known, and OpenSSL's elsewhere."""
    error = ssl.SSLError(1, "text")
    error.reason = reason

    assert Blame.OTHER is explain(error).blame
    assert told in explain(error).message


def test_a_client_that_closes_amid_the_handshake_is_told() -> None:
    """A port scanner, or a client that does not trust the certificate and says nothing."""
    assert "closed the connection amid the handshake" in explain(ConnectionResetError()).message
    assert "TimeoutError" == explain(TimeoutError()).message
