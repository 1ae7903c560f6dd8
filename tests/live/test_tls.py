"""TLS and logins on both sides of the gateway, with real clients and a real broker."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from confluent_kafka import Producer
from cryptography import x509

from tests.authority import Authority
from tests.kafka.clients.confluent import connection
from tests.kafka.cluster import running_cluster
from tests.kafka.distribution import run_tool
from tests.kafka.doors import LIFETIME_MS, PASSWORD, USER, make_doors
from tests.kafka.evidence import Evidence
from tests.kafka.gateway import Gateway, Options, running_gateway
from tests.kafka.truth import create_topic, whole_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.authority import Identity
    from tests.kafka.clients.client import Untyped
    from tests.kafka.cluster import Cluster
    from tests.kafka.doors import Doors

    Send = Callable[[str, str, Authority, Identity], None]

VALUE = b"0"
SECONDS = 30

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who certifies broker, gateway and clients."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def doors(authority: Authority) -> Doors:
    """The broker's secured listeners."""
    return make_doors(authority)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, doors: Doors) -> Iterator[Cluster]:
    """A broker with listeners of every kind."""
    with running_cluster(tmp_path_factory.mktemp("secured"), doors=doors) as cluster:
        yield cluster


def by_java(bootstrap: str, topic: str, authority: Authority, client: Identity) -> None:
    """Send a record with the console producer."""
    keystore = client.key.with_suffix(".pem")
    keystore.write_bytes(client.key.read_bytes() + client.certificate.read_bytes())
    settings = {
        "security.protocol": "SSL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(keystore),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
    }
    arguments = ["--bootstrap-server", bootstrap, "--topic", topic, "--sync"]
    for key, value in settings.items():
        arguments += ["--command-property", f"{key}={value}"]
    run_tool("ConsoleProducer", *arguments, text=VALUE.decode() + "\n")


def by_confluent(bootstrap: str, topic: str, authority: Authority, client: Identity) -> None:
    """Send a record with librdkafka."""
    producer = Producer(
        connection(bootstrap)
        | {
            "security.protocol": "SSL",
            "ssl.ca.location": str(authority.certificate),
            "ssl.certificate.location": str(client.certificate),
            "ssl.key.location": str(client.key),
        }
    )
    producer.produce(topic, VALUE)
    assert producer.flush(SECONDS) == 0


def by_aiokafka(bootstrap: str, topic: str, authority: Authority, client: Identity) -> None:
    """Send a record with aiokafka."""

    async def send() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            security_protocol="SSL",
            ssl_context=authority.client_context(client),
        )
        await producer.start()
        try:
            await producer.send_and_wait(topic, VALUE)
        finally:
            await producer.stop()

    asyncio.run(send())


def with_tls(authority: Authority) -> dict[str, object]:
    """Make a listener for whom certificates are the login."""
    gateway = authority.certify("gateway")
    return {
        "tls": {
            "certificate": str(gateway.certificate),
            "key": str(gateway.key),
            "client_ca": str(authority.certificate),
            "client_authentication": "required",
        },
        "authentication": {"type": "mtls", "mapping_rules": "RULE:^CN=(.*)$/$1/U"},
    }


def to_broker(authority: Authority, port: int, **more: Mapping[str, object]) -> dict[str, object]:
    """Make an upstream section for one of the broker's secured ports."""
    gateway = authority.certify("gateway-at-broker")
    tls = {
        "ca": str(authority.certificate),
        "certificate": str(gateway.certificate),
        "key": str(gateway.key),
    }
    return {"bootstrap": [f"127.0.0.1:{port}"], "tls": tls, **more}


@pytest.fixture(scope="module")
def guarded(
    secured: Cluster, doors: Doors, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway with TLS and client certificates on both sides."""
    options = Options(listener=with_tls(authority), upstream=to_broker(authority, doors.ssl_port))
    with running_gateway(tmp_path_factory.mktemp("gateway") / "g", secured, options) as gateway:
        yield gateway


@pytest.mark.parametrize("send", [by_java, by_confluent, by_aiokafka])
def test_clients_come_by_certificate_and_the_gateway_goes_on_with_its_own(
    send: Send, guarded: Gateway, secured: Cluster, authority: Authority, prefix: str
) -> None:
    """The broker takes nobody without a certificate, and the record names the client."""
    topic = f"{prefix}-tls"
    create_topic(secured.bootstrap, topic)
    name = f"alice-{prefix}"
    send(guarded.bootstrap, topic, authority, authority.certify(name))

    assert [VALUE] == [each.value for each in whole_log(secured.bootstrap, topic)]
    time.sleep(2)  # until it is sealed
    produced = Evidence(guarded.archive).tables.produced.collect()
    mine = produced.filter(produced["topic"] == topic)
    assert {f"{name.upper()}@CN=authority"} == set(mine["principal"])


@contextmanager
def token_server(lifetime_seconds: int = 60) -> Iterator[tuple[str, list[str]]]:
    """Run an authorization server that gives tokens that Kafka's test validator believes."""
    asked: list[str] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            asked.append(f"{self.headers['Authorization']} {self.rfile.read(length).decode()}")
            now = time.time()
            claims = {"sub": USER, "iat": now, "exp": now + lifetime_seconds}
            parts = [_part({"alg": "none"}), _part(claims), ""]
            answer = {"access_token": ".".join(parts), "expires_in": lifetime_seconds}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token", asked
    finally:
        server.shutdown()
        server.server_close()


def _part(content: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def with_password(folder: Path, mechanism: str, password: str = PASSWORD) -> dict[str, object]:
    """Make a login for the gateway."""
    file = folder / "password"
    file.write_text(f"{password}\n")
    return {"mechanism": mechanism, "username": USER, "password_file": str(file)}


def send_through(gateway: Gateway, topic: str) -> None:
    """Send a record to a listener without anything."""
    producer = Producer(connection(gateway.bootstrap))
    producer.produce(topic, VALUE)
    assert producer.flush(SECONDS) == 0


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_the_gateway_logs_in_with_a_password(
    mechanism: str,
    secured: Cluster,
    doors: Doors,
    authority: Authority,
    tmp_path: Path,
    prefix: str,
) -> None:
    """For its own questions and for each client; the password is in no log and no evidence."""
    topic = f"{prefix}-sasl"
    create_topic(secured.bootstrap, topic)
    sasl = with_password(tmp_path, mechanism)
    options = Options(upstream=to_broker(authority, doors.sasl_port, sasl=sasl))
    with running_gateway(tmp_path / "gateway", secured, options) as gateway:
        send_through(gateway, topic)

    assert [VALUE] == [each.value for each in whole_log(secured.bootstrap, topic)]
    written = [file for file in (tmp_path / "gateway").rglob("*") if file.is_file()]
    assert not any(PASSWORD.encode() in file.read_bytes() for file in written)


def test_the_gateway_logs_in_with_a_token(
    secured: Cluster, doors: Doors, authority: Authority, tmp_path: Path, prefix: str
) -> None:
    """It is fetched once for all connections as long as it is good."""
    topic = f"{prefix}-token"
    create_topic(secured.bootstrap, topic)
    (tmp_path / "secret").write_text("client secret")
    with token_server() as (url, asked):
        sasl = {
            "mechanism": "OAUTHBEARER",
            "token_url": url,
            "client_id": "gateway",
            "client_secret_file": str(tmp_path / "secret"),
            "scope": "kafka",
            "allow_plaintext": True,
        }
        options = Options(upstream=to_broker(authority, doors.sasl_port, sasl=sasl))
        with running_gateway(tmp_path / "gateway", secured, options) as gateway:
            send_through(gateway, topic)

    assert [VALUE] == [each.value for each in whole_log(secured.bootstrap, topic)]
    login = base64.b64encode(b"gateway:client%20secret").decode()
    assert [f"Basic {login} grant_type=client_credentials&scope=kafka"] == asked


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_is_told(
    mechanism: str, secured: Cluster, doors: Doors, authority: Authority, tmp_path: Path
) -> None:
    """Where, what, and which key of the configuration to look at."""
    sasl = with_password(tmp_path, mechanism, "wrong")
    options = Options(upstream=to_broker(authority, doors.sasl_port, sasl=sasl))
    gateway = Gateway(tmp_path / "gateway", secured, options)
    gateway.launch()
    try:
        line = gateway.wait_for("upstream_unreachable")
    finally:
        gateway.kill()

    assert f"127.0.0.1:{doors.sasl_port}: the broker refused the name" in str(line["reason"])
    assert f"check upstream.sasl ({mechanism})" in str(line["reason"])


def test_a_broker_of_another_authority_is_told(
    secured: Cluster, doors: Doors, tmp_path: Path
) -> None:
    """Nothing is sent to it."""
    stranger = Authority(tmp_path / "stranger", "stranger")
    options = Options(upstream=to_broker(stranger, doors.sasl_port))
    gateway = Gateway(tmp_path / "gateway", secured, options)
    gateway.launch()
    try:
        line = gateway.wait_for("upstream_unreachable")
    finally:
        gateway.kill()

    assert "the broker's certificate: " in str(line["reason"])
    assert "check upstream.tls (ca, server_name)" in str(line["reason"])


@pytest.fixture(scope="module")
def named(
    secured: Cluster, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """A gateway with one port, whose nodes have names."""
    shown = authority.certify("named", [x509.DNSName("*.kafka.example")])
    tls = with_tls(authority)["tls"]
    assert isinstance(tls, dict)
    files = {"certificate": str(shown.certificate), "key": str(shown.key)}
    options = Options(
        advertised_host="bootstrap.kafka.example",
        listener={"nodes": {"sni": "broker-{node_id}.kafka.example"}, "tls": tls | files},
    )
    with running_gateway(tmp_path_factory.mktemp("named") / "g", secured, options) as gateway:
        yield gateway


@pytest.fixture
def names_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clients find names that are in nobody's DNS, each by its own way to look them up."""
    names = [f"{name}.kafka.example" for name in ("bootstrap", "broker-1")]
    hosts = tmp_path / "hosts"
    hosts.write_text(f"127.0.0.1 {' '.join(names)}\n")
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", f"-Djdk.net.hosts.file={hosts}")
    look_up = socket.getaddrinfo

    def find(host: str, *more: Untyped, **options: Untyped) -> Untyped:
        return look_up("127.0.0.1" if host in names else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find)


@pytest.mark.usefixtures("names_found")
@pytest.mark.parametrize("send", [by_java, by_aiokafka])
def test_one_port_is_enough_for_clients_that_name_their_node(
    send: Send, named: Gateway, secured: Cluster, authority: Authority, prefix: str
) -> None:
    """They begin with the bootstrap's name, and find the leader by its own."""
    topic = f"{prefix}-named"
    create_topic(secured.bootstrap, topic)
    send(named.bootstrap, topic, authority, authority.certify(f"n-{prefix}"))
    time.sleep(2)  # until it is sealed

    assert [VALUE] == [each.value for each in whole_log(secured.bootstrap, topic)]
    tables = Evidence(named.archive).tables
    produced = tables.produced.collect()
    mine = produced.filter(produced["topic"] == topic)["session"].to_list()
    sessions = tables.sessions.collect()
    assert [1] == sessions.filter(sessions["session"].is_in(mine))["node_id"].to_list()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_login_is_renewed_while_a_client_goes_on(
    mechanism: str,
    secured: Cluster,
    doors: Doors,
    authority: Authority,
    tmp_path: Path,
    prefix: str,
) -> None:
    """A producer outlives several of the broker's limits on one connection to each port."""
    topic = f"{prefix}-brief"
    create_topic(secured.bootstrap, topic)
    sasl = with_password(tmp_path, mechanism)
    options = Options(upstream=to_broker(authority, doors.brief_port, sasl=sasl))
    with running_gateway(tmp_path / "gateway", secured, options) as gateway:
        errors: list[object] = []
        producer = Producer(connection(gateway.bootstrap) | {"error_cb": errors.append})
        began, count = time.monotonic(), 0
        while time.monotonic() - began < 3 * LIFETIME_MS / 1000:
            producer.produce(topic, VALUE)
            assert producer.flush(SECONDS) == 0
            count += 1
            time.sleep(0.05)
        # librdkafka lets go of its first connection once it knows the nodes.
        reasons = {line["reason"] for line in gateway.lines("connection_closed")}
        opened = {line["node_id"] for line in gateway.lines("connection_opened")}
        connections = len(gateway.lines("connection_opened"))

    assert count == len(whole_log(secured.bootstrap, topic))
    assert [] == errors
    assert reasons <= {"client_closed"}
    assert connections == len(opened)
