"""Each client logs in at the gateway with a password, and is known by its name in the evidence."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError as AiokafkaError
from confluent_kafka import KafkaError as LibrdkafkaError
from confluent_kafka import Producer

from gateway.identity.scram_credential import make_scram_credential
from tests.kafka.clients.confluent import connection
from tests.kafka.distribution import ToolError, run_tool
from tests.kafka.evidence import Evidence
from tests.kafka.gateway import PASSWORD, USER, Options, running_gateway
from tests.kafka.truth import create_topic, whole_log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.kafka.cluster import Cluster
    from tests.kafka.gateway import Gateway

    Send = Callable[..., bool]

VALUE = b"0"
SECONDS = 30


@pytest.fixture
def guarded(kafka: Cluster, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway that asks for a password."""
    options = Options(authentication="plain")
    with running_gateway(tmp_path / "gateway", kafka, options) as gateway:
        yield gateway


def by_java(bootstrap: str, topic: str, password: str, mechanism: str = "PLAIN") -> bool:
    """Send a record with the console producer."""
    module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
    login = f"org.apache.kafka.common.security.{module} required"
    settings = {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": mechanism,
        "sasl.jaas.config": f'{login} username="{USER}" password="{password}";',
    }
    arguments = ["--bootstrap-server", bootstrap, "--topic", topic, "--sync"]
    for key, value in settings.items():
        arguments += ["--command-property", f"{key}={value}"]
    try:
        run_tool("ConsoleProducer", *arguments, text=VALUE.decode() + "\n")
    except ToolError as error:
        if "SaslAuthenticationException" not in str(error):
            raise
        return False
    return True


def by_confluent(bootstrap: str, topic: str, password: str, mechanism: str = "PLAIN") -> bool:
    """Send a record with librdkafka, which would try a wrong password for ever."""
    errors: list[LibrdkafkaError | None] = []
    producer = Producer(
        connection(bootstrap)
        | {
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": mechanism,
            "sasl.username": USER,
            "sasl.password": password,
            "error_cb": errors.append,
        }
    )
    producer.produce(topic, VALUE, on_delivery=lambda error, _: errors.append(error))
    deadline = time.monotonic() + SECONDS
    while not errors:
        assert time.monotonic() < deadline, "neither delivered nor refused"
        producer.poll(0.1)
    producer.purge()
    return errors[0] is None


def by_aiokafka(bootstrap: str, topic: str, password: str, mechanism: str = "PLAIN") -> bool:
    """Send a record with aiokafka."""

    async def send() -> bool:
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism=mechanism,
            sasl_plain_username=USER,
            sasl_plain_password=password,
        )
        try:
            await producer.start()
            await producer.send_and_wait(topic, VALUE)
        except AiokafkaError:
            return False
        finally:
            await producer.stop()
        return True

    return asyncio.run(send())


# In a process of its own: its constructor leaves two sockets open when it raises, and whoever runs
# when those are collected would be blamed for them.
KAFKA_PYTHON = """
import sys
from kafka import KafkaProducer
bootstrap, topic, user, password, mechanism, seconds, value = sys.argv[1:]
producer = KafkaProducer(
    bootstrap_servers=bootstrap,
    security_protocol="SASL_PLAINTEXT",
    sasl_mechanism=mechanism,
    sasl_plain_username=user,
    sasl_plain_password=password,
    max_block_ms=int(seconds) * 1000,
    bootstrap_timeout_ms=int(seconds) * 100,
)
producer.send(topic, value.encode()).get(int(seconds))
producer.close()
print("sent")
"""


def by_kafka_python(bootstrap: str, topic: str, password: str, mechanism: str = "PLAIN") -> bool:
    """Send a record with kafka-python."""
    arguments = [bootstrap, topic, USER, password, mechanism, str(SECONDS), VALUE.decode()]
    command = [sys.executable, "-W", "ignore", "-c", KAFKA_PYTHON, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "sent\n" or "kafka.errors." in done.stderr, done.stderr
    return done.stdout == "sent\n"


@pytest.mark.parametrize("send", [by_java, by_confluent, by_aiokafka, by_kafka_python])
def test_the_right_password_lets_in_and_a_wrong_one_does_not(
    send: Send, guarded: Gateway, kafka: Cluster, prefix: str
) -> None:
    """The record carries the principal, the attempt is kept, and the password is nowhere."""
    topic = f"{prefix}-login"
    create_topic(kafka.bootstrap, topic)

    assert send(guarded.bootstrap, topic, PASSWORD)
    assert not send(guarded.bootstrap, topic, "no such password")
    guarded.stop()
    tables = Evidence(guarded.archive).tables
    assert [each.value for each in whole_log(kafka.bootstrap, topic)] == [VALUE]
    assert set(tables.produced.collect()["principal"]) == {f"{USER}@gateway:clients"}
    assert sum(tables.sessions.collect()["rejections"]) > 0
    archive = b"".join(path.read_bytes() for path in guarded.archive.rglob("*") if path.is_file())
    assert b"no such password" not in archive


SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


@pytest.fixture
def scrambled(kafka: Cluster, tmp_path: Path) -> Iterator[Gateway]:
    """A gateway whose user proves the password by SCRAM."""
    lines = [make_scram_credential(mechanism, PASSWORD) for mechanism in SCRAM]
    users = [{"name": USER, "credentials": lines, "groups": ["staff"]}]
    options = Options(authentication={"type": "sasl", "scram": {"users": users}})
    with running_gateway(tmp_path / "gateway", kafka, options) as gateway:
        yield gateway


@pytest.mark.parametrize("mechanism", SCRAM)
@pytest.mark.parametrize("send", [by_java, by_confluent, by_aiokafka, by_kafka_python])
def test_who_proves_the_password_gets_in(
    send: Send, mechanism: str, scrambled: Gateway, kafka: Cluster, prefix: str
) -> None:
    """By either hash; a wrong password proves nothing, and none of it is in the archive."""
    topic = f"{prefix}-scram"
    create_topic(kafka.bootstrap, topic)

    assert send(scrambled.bootstrap, topic, PASSWORD, mechanism)
    assert not send(scrambled.bootstrap, topic, "no such password", mechanism)
    scrambled.stop()
    tables = Evidence(scrambled.archive).tables
    assert [each.value for each in whole_log(kafka.bootstrap, topic)] == [VALUE]
    assert set(tables.produced.collect()["principal"]) == {f"{USER}@gateway:clients"}
    assert sum(tables.sessions.collect()["rejections"]) > 0
