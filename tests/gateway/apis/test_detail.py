"""Details are readable, bounded, and keep no secrets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.apis.detail import (
    BYTES_MAX,
    TEXT_CHARACTERS_MAX,
    VALUES_MAX,
    WITHHELD,
    Rendering,
    first_error,
    looks_secret,
    secret_values,
    to_json,
)
from gateway.apis.topics import TopicDirectory
from gateway.wire.api_keys import ApiKey
from gateway.wire.messages import api_versions
from gateway.wire.table import load
from tests.gateway.apis.messages import TOPIC_ID, filled

CANARY = "c4n4ry"


def _render(body: dict[str, Any], directory: TopicDirectory | None = None) -> dict[str, Any]:
    rendering = Rendering(directory or TopicDirectory())
    rendered: dict[str, Any] = json.loads(to_json(rendering.message(body)))
    return rendered


@pytest.mark.parametrize("api_key", list(ApiKey), ids=lambda api_key: api_key.name)
def test_every_message_renders(api_key: ApiKey) -> None:
    """Requests and answers of every API, in every version, become JSON with their fields."""
    for version in load()[api_key].versions:
        for response in (False, True):
            body = filled(api_key, version, response=response)

            assert body.keys() <= _render(body).keys() | {"topic_id"}


def test_topic_ids_are_readable_and_named() -> None:
    """Where a message has the id only, the name stands beside it."""
    directory = TopicDirectory()
    directory.learn(TOPIC_ID, "orders")
    expected = {"topic_id": "AAECAwQFBgcICQoLDA0ODw", "name": "orders", "partitions": [1]}

    assert expected == _render({"topic_id": TOPIC_ID, "partitions": [1]}, directory)
    assert {**expected, "name": None} == _render({"topic_id": TOPIC_ID, "partitions": [1]})
    assert {"topic_id": "AAECAwQFBgcICQoLDA0ODw", "name": "x"} == _render(
        {"topic_id": TOPIC_ID, "name": "x"}, directory
    )
    assert {"name": "x"} == _render({"topic_id": bytes(16), "name": "x"})


def test_other_ids_are_readable_too() -> None:
    """A client instance id is printed as Kafka prints ids."""
    assert {"client_instance_id": "AAECAwQFBgcICQoLDA0ODw"} == _render(
        {"client_instance_id": TOPIC_ID}
    )


def test_bytes_are_shown_up_to_a_limit() -> None:
    """Short metadata is kept, long bytes and records are counted."""
    body = {
        "metadata": b"\0\1",
        "assignment": b"x" * (BYTES_MAX + 1),
        "records": memoryview(b"abc"),
        "metrics": b"abc",
        "nothing": None,
    }

    assert {
        "metadata": "AAE=",
        "assignment": {"byte_count": BYTES_MAX + 1},
        "records": {"byte_count": 3},
        "metrics": {"byte_count": 3},
        "nothing": None,
    } == _render(body)


def test_long_texts_are_cut_and_say_so() -> None:
    """What was left out is counted."""
    text = _render({"name": "x" * (TEXT_CHARACTERS_MAX + 5)})["name"]

    assert "x" * TEXT_CHARACTERS_MAX + "... (and 5 more characters)" == text


def test_long_lists_are_cut_and_say_so() -> None:
    """A list ends where the limit is, with the number of what is missing."""
    items = _render({"items": list(range(VALUES_MAX + 10))})["items"]

    assert list(range(VALUES_MAX - 1)) == items[:-1]
    assert {"left_out": 11} == items[-1]


def test_the_limit_holds_over_all_levels() -> None:
    """Many short lists are no way around it."""
    body = {"topics": [{"partitions": [0, 1, 2]} for _ in range(VALUES_MAX)]}
    rendered = to_json(Rendering(TopicDirectory()).message(body))

    assert 100 * VALUES_MAX > len(rendered)
    assert {"left_out"} == json.loads(rendered)["topics"][-1].keys()


def test_unknown_tags_are_named_by_number() -> None:
    """Their bytes mean nothing here."""
    assert {"unknown_tags": [3, 7]} == _render({"_tags": {7: b"x", 3: b"y"}})


@pytest.mark.parametrize(
    "name",
    [
        "ssl.key.password",
        "ssl.keystore.key",
        "sasl.jaas.config",
        "listener.name.internal.scram-sha-512.sasl.jaas.config",
        "my.secret",
        "api_key",
        "apiKey",
        "password.encoder.secret",
        "sasl.oauthbearer.client.credentials.client.secret",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    """Kafka's own sensitive configs, and what people call theirs."""
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name", ["cleanup.policy", "retention.ms", "ssl.truststore.certificates", "key.deserializer"]
)
def test_other_names_are_not(name: str) -> None:
    """Evidence should keep the values of ordinary configs."""
    assert not looks_secret(name)


@pytest.mark.parametrize(
    "api_key",
    [ApiKey.ALTER_CONFIGS, ApiKey.INCREMENTAL_ALTER_CONFIGS, ApiKey.CREATE_TOPICS],
    ids=lambda api_key: api_key.name,
)
def test_values_of_secret_configs_are_withheld(api_key: ApiKey) -> None:
    """By the name beside them, at any depth, in every version."""
    for version in load()[api_key].versions:
        values = {"name": "ssl.key.password", "value": CANARY}
        rendered = to_json(
            Rendering(TopicDirectory()).message(
                filled(api_key, version, response=False, values=values)
            )
        )

        assert WITHHELD in rendered
        assert CANARY not in rendered


def test_an_answer_does_not_repeat_a_withheld_value() -> None:
    """Brokers quote a bad value in their error message."""
    values = {"name": "ssl.key.password", "value": CANARY}
    request = filled(ApiKey.ALTER_CONFIGS, 1, response=False, values=values)
    secrets = secret_values(request)
    answer = {"error_message": f"Invalid value {CANARY} for configuration", "resource_name": "1"}
    rendered = Rendering(TopicDirectory(), secrets).message(answer)

    assert {"error_message": WITHHELD, "resource_name": "1"} == rendered


def test_an_ordinary_config_is_kept() -> None:
    """Which retention somebody set is what an investigation wants to know."""
    body = {
        "configs": [{"name": "retention.ms", "value": "1000"}, {"name": "a.key", "value": None}]
    }

    assert body == _render(body)
    assert frozenset() == secret_values(body)


@pytest.mark.parametrize("field", ["auth_bytes", "hmac", "salt", "salted_password"])
def test_secret_bytes_are_withheld(field: str) -> None:
    """These hold passwords, SCRAM material or delegation tokens."""
    assert {field: WITHHELD} == _render({field: CANARY.encode()})


def test_secret_bytes_of_the_table_are_all_known() -> None:
    """Every bytes field of every message is either harmless or withheld."""
    harmless = {"metadata", "assignment", "metrics", "member_metadata", "member_assignment"}
    withheld = {"auth_bytes", "hmac", "salt", "salted_password"}
    found = {
        field
        for api_key in api_versions()
        for response in (False, True)
        for version in load()[api_key].versions
        for field, value in _bytes_fields(filled(api_key, version, response=response))
        if value == b"bytes"
    }

    assert harmless | withheld == found


def _bytes_fields(body: dict[str, Any]) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for field, value in body.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                found += _bytes_fields(item)
            elif isinstance(item, bytes):
                found.append((field, item))
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"error_code": 7, "topics": [{"error_code": 3}]}, 7),
        ({"error_code": 0, "topics": [{"error_code": 0}, {"error_code": 3}]}, 3),
        ({"topics": [{"partitions": [{"partition_error_code": 5}]}]}, 5),
        ({"assignment": {"error_code": 2}, "numbers": [1, 2]}, 2),
        ({"topics": None, "error_code": 0}, 0),
        ({}, 0),
    ],
)
def test_the_first_error_is_found(body: dict[str, Any], expected: int) -> None:
    """The message's own error comes before those of its structures."""
    assert expected == first_error(body)
