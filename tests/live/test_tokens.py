"""Clients log in with tokens of a real OpenID Connect provider, again and again as these end."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import KafkaError as AiokafkaError
from confluent_kafka import Producer

from gateway.evidence.archive import scan
from gateway.evidence.reader import Block
from tests.kafka.clients.confluent import connection
from tests.kafka.distribution import ToolError, run_tool
from tests.kafka.evidence import Evidence
from tests.kafka.gateway import Options, running_gateway
from tests.kafka.truth import create_topic, whole_log
from tests.oidc.provider import AUDIENCE, CLIENT, SECRET, issuing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kafka.cluster import Cluster
    from tests.kafka.gateway import Gateway
    from tests.oidc.provider import Issuer

    Send = Callable[[Gateway, Issuer, str, float], int]

SECONDS = 30
PAUSE = 0.25
LOGIN = "org.apache.kafka.common.security.oauthbearer"


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    """A provider whose tokens are good for a while."""
    with issuing(tmp_path / "issuer") as issuer:
        yield issuer


@pytest.fixture
def hasty_issuer(tmp_path: Path) -> Iterator[Issuer]:
    """A provider whose tokens end soon, but not so soon that clients log in twice a second."""
    with issuing(tmp_path / "issuer", token_seconds=10) as issuer:
        yield issuer


def guarded(issuer: Issuer, **given: object) -> Options:
    """Let in who has a token of the provider."""
    tokens = {
        "issuer": issuer.url,
        "audiences": [AUDIENCE],
        "ca": str(issuer.ca),
        "groups_claim": "$.groups",
    }
    authentication = {"type": "sasl", "allow_plaintext": True, "oauthbearer": tokens | given}
    return Options(authentication=authentication)


@pytest.fixture
def for_java(monkeypatch: pytest.MonkeyPatch) -> Callable[[Issuer], None]:
    """Let Java trust a provider, and ask it for tokens."""

    def trust(issuer: Issuer) -> None:
        options = {
            "javax.net.ssl.trustStore": issuer.java_trust(),
            "javax.net.ssl.trustStoreType": "PKCS12",
            "org.apache.kafka.sasl.oauthbearer.allowed.urls": issuer.token_endpoint,
        }
        settings = " ".join(f"-D{key}={value}" for key, value in options.items())
        monkeypatch.setenv("JAVA_TOOL_OPTIONS", settings)

    return trust


def by_java(gateway: Gateway, issuer: Issuer, topic: str, seconds: float) -> int:
    """Send numbered records for a time with the verifiable producer."""
    count = max(1, int(seconds / PAUSE))
    login = f'{LOGIN}.OAuthBearerLoginModule required clientId="{CLIENT}" clientSecret="{SECRET}";'
    settings = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.login.callback.handler.class": f"{LOGIN}.OAuthBearerLoginCallbackHandler",
        "sasl.oauthbearer.token.endpoint.url": issuer.token_endpoint,
        # A token that ends soon is renewed just before that.
        "sasl.login.refresh.min.period.seconds": 0,
        "sasl.login.refresh.buffer.seconds": 0,
        "sasl.jaas.config": login,
        "enable.idempotence": "false",
    }
    file = issuer.ca.with_name("java.properties")
    file.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
    arguments = ["--bootstrap-server", gateway.bootstrap, "--topic", topic]
    arguments += ["--max-messages", str(count), "--throughput", str(int(1 / PAUSE))]
    try:
        told = run_tool("VerifiableProducer", *arguments, "--command-config", str(file))
    except ToolError as error:
        if "SaslAuthenticationException" not in str(error):
            raise
        return 0
    return told.count('"name":"producer_send_success"')


def by_confluent(gateway: Gateway, issuer: Issuer, topic: str, seconds: float) -> int:
    """Send records for a time with librdkafka, which gets its tokens itself."""
    delivered: list[object] = []
    errors: list[object] = []
    producer = Producer(
        connection(gateway.bootstrap)
        | {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "OAUTHBEARER",
            "sasl.oauthbearer.method": "oidc",
            "sasl.oauthbearer.client.id": CLIENT,
            "sasl.oauthbearer.client.secret": SECRET,
            "sasl.oauthbearer.token.endpoint.url": issuer.token_endpoint,
            "https.ca.location": str(issuer.ca),
            "error_cb": errors.append,
        }
    )
    sent, deadline = 0, time.monotonic() + SECONDS
    end = time.monotonic() + seconds
    while sent == 0 or time.monotonic() < end:
        producer.produce(topic, b"0", on_delivery=lambda error, _: delivered.append(error))
        sent += 1
        while len(delivered) < sent and not errors:
            assert time.monotonic() < deadline, "neither delivered nor refused"
            producer.poll(0.1)
        if errors and not delivered:
            break
        time.sleep(PAUSE)
    producer.purge()
    return delivered.count(None)


class Tokens(AbstractTokenProvider):  # type: ignore[misc] # aiokafka ships no types
    """The provider's tokens for aiokafka, or one that is given."""

    def __init__(self, issuer: Issuer, given: str | None = None) -> None:
        self._issuer = issuer
        self._given = given

    async def token(self) -> str:
        """Get a token."""
        if self._given is not None:
            return self._given
        return await asyncio.to_thread(self._issuer.token)


def by_aiokafka(
    gateway: Gateway, issuer: Issuer, topic: str, seconds: float, given: str | None = None
) -> int:
    """Send records for a time with aiokafka, which never logs in again on a connection."""

    async def send() -> int:
        producer = AIOKafkaProducer(
            bootstrap_servers=gateway.bootstrap,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="OAUTHBEARER",
            sasl_oauth_token_provider=Tokens(issuer, given),
            request_timeout_ms=5_000,
            retry_backoff_ms=50,
        )
        count, end = 0, time.monotonic() + seconds
        try:
            await producer.start()
            while count == 0 or time.monotonic() < end:
                await producer.send_and_wait(topic, b"0")
                count += 1
                await asyncio.sleep(PAUSE)
        except AiokafkaError:
            return 0
        finally:
            await producer.stop()
        return count

    return asyncio.run(send())


CLIENTS = [by_java, by_confluent, by_aiokafka]


def _details(gateway: Gateway, kind: str) -> list[dict[str, Any]]:
    blocks = [each for each in scan(gateway.archive) if isinstance(each, Block)]
    rows = [row for block in blocks for row in block.rows.to_pylist() if row["kind"] == kind]
    return [json.loads(row["detail"]) for row in rows]


@pytest.mark.parametrize("send", CLIENTS)
def test_a_token_lets_in_and_is_nowhere_afterwards(
    send: Send,
    issuer: Issuer,
    kafka: Cluster,
    prefix: str,
    tmp_path: Path,
    for_java: Callable[[Issuer], None],
) -> None:
    """The record has who the client is for the provider, its groups, and the token's digest."""
    for_java(issuer)
    topic = f"{prefix}-token"
    create_topic(kafka.bootstrap, topic)
    with running_gateway(tmp_path / "gateway", kafka, guarded(issuer)) as gateway:
        assert send(gateway, issuer, topic, 0) == 1
        gateway.stop()

        assert len(whole_log(kafka.bootstrap, topic)) == 1
        produced = Evidence(gateway.archive).tables.produced.collect()
        assert set(produced["principal"]) == {f"{CLIENT}@{issuer.url}"}
        told = [each["token"] for each in _details(gateway, "session_authenticated")]
        assert {(each["kid"], each["aud"][0]) for each in told} == {("k-1", AUDIENCE)}
    held = b"".join(each.read_bytes() for each in tmp_path.glob("gateway/**/*") if each.is_file())
    assert b"eyJ" not in held
    assert SECRET.encode() not in held


@pytest.mark.parametrize("send", CLIENTS)
def test_a_token_for_somebody_else_lets_nobody_in(
    send: Send,
    issuer: Issuer,
    kafka: Cluster,
    prefix: str,
    tmp_path: Path,
    for_java: Callable[[Issuer], None],
) -> None:
    """The client ends with its library's own error; the record says what was wrong."""
    for_java(issuer)
    options = guarded(issuer, audiences=["another service"])
    with running_gateway(tmp_path / "gateway", kafka, options) as gateway:
        assert send(gateway, issuer, f"{prefix}-none", 0) == 0
        gateway.stop()

    reasons = {each["reason"] for each in _details(gateway, "session_rejected")}
    assert reasons == {"the token is for another audience"}


@pytest.mark.parametrize("send", [by_java, by_confluent])
def test_clients_that_can_log_in_again_keep_their_connections(
    send: Send,
    hasty_issuer: Issuer,
    kafka: Cluster,
    prefix: str,
    tmp_path: Path,
    for_java: Callable[[Issuer], None],
) -> None:
    """KIP-368: several tokens pass by on one connection, and other groups count from then on."""
    for_java(hasty_issuer)
    topic = f"{prefix}-again"
    create_topic(kafka.bootstrap, topic)
    with running_gateway(tmp_path / "gateway", kafka, guarded(hasty_issuer)) as gateway:
        changing = threading.Timer(2, hasty_issuer.say, kwargs={"groups": ["admins"]})
        changing.start()
        sent = send(gateway, hasty_issuer, topic, 22)
        changing.join()
        gateway.stop()

    assert sent == len(whole_log(kafka.bootstrap, topic)) >= 20
    logins = _details(gateway, "session_authenticated")
    assert sum(bool(each["reauthentication"]) for each in logins) >= 2
    assert {"before": ["staff"], "after": ["admins"]} in _details(gateway, "groups_changed")
    reasons = {each["reason"] for each in _details(gateway, "session_close")}
    assert "session_expired" not in reasons


def test_a_client_that_cannot_log_in_again_comes_back(
    hasty_issuer: Issuer, kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    """Aiokafka's connections end with their tokens; it connects anew, and no record is lost."""
    topic = f"{prefix}-back"
    create_topic(kafka.bootstrap, topic)
    with running_gateway(tmp_path / "gateway", kafka, guarded(hasty_issuer)) as gateway:
        sent = by_aiokafka(gateway, hasty_issuer, topic, 14)
        gateway.stop()

    assert sent >= 10
    assert len(whole_log(kafka.bootstrap, topic)) >= sent
    reasons = [each["reason"] for each in _details(gateway, "session_close")]
    assert reasons.count("session_expired") >= 1


def test_a_new_key_and_an_outage_are_not_noticed(
    issuer: Issuer, kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    """The key is looked for when the first token names it; what was fetched outlives the issuer."""
    topic = f"{prefix}-key"
    create_topic(kafka.bootstrap, topic)
    with running_gateway(tmp_path / "gateway", kafka, guarded(issuer)) as gateway:
        assert by_aiokafka(gateway, issuer, topic, 0) == 1
        issuer.stop()
        issuer.start(kid="k-2")
        assert by_aiokafka(gateway, issuer, topic, 0) == 1
        token = issuer.token()
        issuer.stop()
        assert by_aiokafka(gateway, issuer, topic, 0, token) == 1
        gateway.stop()

    told = [each["token"]["kid"] for each in _details(gateway, "session_authenticated")]
    assert set(told) == {"k-1", "k-2"}
    assert [line["kids"] for line in gateway.lines("keys_fetched")] == [["k-1"], ["k-2"]]


def test_who_is_denied_is_cut_off_in_the_middle(
    issuer: Issuer, kafka: Cluster, prefix: str, tmp_path: Path
) -> None:
    """And does not get in again."""
    topic = f"{prefix}-denied"
    create_topic(kafka.bootstrap, topic)
    deny_list = tmp_path / "denied.yaml"
    deny_list.write_text("[]")
    options = guarded(issuer)
    assert isinstance(options.authentication, dict)
    options.authentication["deny_list"] = str(deny_list)
    entry = json.dumps([{"issuer": issuer.url, "subject": CLIENT, "reason": "left"}])
    with running_gateway(tmp_path / "gateway", kafka, options) as gateway:
        denying = threading.Timer(3, deny_list.write_text, (entry,))
        denying.start()
        assert by_aiokafka(gateway, issuer, topic, 20) == 0
        denying.join()
        gateway.stop()

    assert len(whole_log(kafka.bootstrap, topic)) >= 2
    closed = {(each["reason"], each["message"]) for each in _details(gateway, "session_close")}
    assert ("denied", "left") in closed
    rejected = {each["reason"] for each in _details(gateway, "session_rejected")}
    assert rejected == {"denied: left"}
