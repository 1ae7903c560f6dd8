"""The message table's generator, and the committed table against Kafka's newest jar."""

from __future__ import annotations

import json
import zipfile
from runpy import run_path
from typing import TYPE_CHECKING, Any

import pytest

from tests.kafka.distribution import kafka_version, libraries
from tools import message_table
from tools.message_table import build_table, main, snake_case

if TYPE_CHECKING:
    from pathlib import Path

REQUEST: dict[str, Any] = {
    "apiKey": 3,
    "type": "request",
    "name": "FindRequest",
    "listeners": ["controller", "broker"],
    "validVersions": "0-2",
    "flexibleVersions": "2+",
    "fields": [
        {
            "name": "TopicIds",
            "type": "[]uuid",
            "versions": "1+",
            "nullableVersions": "2+",
            "about": "Prose that must not get into the table.",
            "default": "null",
            "ignorable": True,
            "entityType": "topicId",
        },
        {"name": "Cursor", "type": "int32", "versions": "0+", "mapKey": True},
    ],
}
RESPONSE: dict[str, Any] = REQUEST | {"type": "response", "name": "FindResponse", "fields": []}
API = {
    "key": 3,
    "name": "Find",
    "versions": "0-2",
    "flexible": "2+",
    "request_header_flexible": "2+",
    "response_header_flexible": "2+",
    "latest_unstable": False,
    "listeners": ["broker", "controller"],
    "request": [
        {
            "name": "topic_ids",
            "type": "[]uuid",
            "versions": "1+",
            "nullable": "2+",
            "default": None,
            "ignorable": True,
            "entity_type": "topicId",
        },
        {"name": "cursor", "type": "int32", "versions": "0+"},
    ],
    "response": [],
}


def make_jar(folder: Path, *definitions: dict[str, Any], version: str = "version=9.9.9") -> Path:
    """Make a jar that holds definitions as Kafka's does, comments at the top included."""
    jar = folder / "kafka-clients.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("kafka/kafka-version.properties", f"commitId=abc\n{version}\n")
        archive.writestr("common/message/RequestHeader.json", "{}")
        for definition in definitions:
            text = f"// A licence.\n  // More of it.\n{json.dumps(definition, indent=1)}"
            archive.writestr(f"common/message/{definition['name']}.json", text)
    return jar


def request_with(**attributes: object) -> dict[str, Any]:
    """Make a request of one field."""
    return REQUEST | {"fields": [{"name": "Field", "type": "int32", "versions": "0+"} | attributes]}


@pytest.mark.live
def test_the_committed_table_is_what_kafka_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The generator, run as a program, makes the same table from the jar that the tests run."""
    jar = libraries() / f"kafka-clients-{kafka_version()}.jar"
    monkeypatch.setattr("sys.argv", ["message_table.py", str(jar), "--check"])

    with pytest.raises(SystemExit) as ended:
        run_path(message_table.__file__, run_name="__main__")
    assert ended.value.code == 0


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("TopicId", "topic_id"),
        ("ISRNodes", "isr_nodes"),
        ("LogStartOffset", "log_start_offset"),
        ("Sasl2Name", "sasl2_name"),
        ("acks", "acks"),
    ],
)
def test_names_become_python_keys(name: str, key: str) -> None:
    """A field is found under its name as Python writes names."""
    assert key == snake_case(name)


def test_a_table_holds_what_decides_bytes_and_meaning(tmp_path: Path) -> None:
    """Prose, licences and hints to Kafka's own generator stay behind."""
    assert {"kafka": "9.9.9", "apis": [API]} == build_table(make_jar(tmp_path, REQUEST, RESPONSE))


def test_only_what_clients_reach_gets_into_the_table(tmp_path: Path) -> None:
    """APIs of controllers, and APIs without any version left, are not there."""
    definitions = [REQUEST, RESPONSE]
    for key, attributes in (
        (4, {"listeners": ["controller"]}),
        (5, {"validVersions": "none"}),
    ):
        definitions.append(REQUEST | {"apiKey": key, "name": f"No{key}Request"} | attributes)
        definitions.append(RESPONSE | {"apiKey": key, "name": f"No{key}Response"})

    assert [API] == build_table(make_jar(tmp_path, *definitions))["apis"]


def test_the_answer_to_api_versions_keeps_the_first_header(tmp_path: Path) -> None:
    """A client that does not know the broker's versions must be able to read it (KIP-511)."""
    jar = make_jar(tmp_path, REQUEST | {"apiKey": 18}, RESPONSE | {"apiKey": 18})
    (api,) = build_table(jar)["apis"]

    assert api["request_header_flexible"] == "2+"
    assert api["response_header_flexible"] == "none"


def test_structures_are_put_in_place(tmp_path: Path) -> None:
    """A structure is written out wherever it is named: in common, or where it is first used."""
    inner = {"name": "Inner", "type": "int8", "versions": "0+", "tag": 0, "taggedVersions": "0+"}
    request = REQUEST | {
        "latestVersionUnstable": True,
        "commonStructs": [{"name": "Common", "versions": "0+", "fields": [inner]}],
        "fields": [
            {"name": "A", "type": "[]Common", "versions": "0+"},
            {"name": "B", "type": "Local", "versions": "0+", "fields": [inner]},
            {"name": "C", "type": "[]Local", "versions": "1+"},
        ],
    }
    (api,) = build_table(make_jar(tmp_path, request, RESPONSE))["apis"]
    built = {"name": "inner", "type": "int8", "versions": "0+", "tag": 0}

    assert api["latest_unstable"]
    assert [
        {"name": "a", "type": "[]struct", "versions": "0+", "fields": [built]},
        {"name": "b", "type": "struct", "versions": "0+", "fields": [built]},
        {"name": "c", "type": "[]struct", "versions": "1+", "fields": [built]},
    ] == api["request"]


@pytest.mark.parametrize(
    ("attributes", "default"),
    [
        ({"type": "string", "default": "null"}, None),
        ({"type": "string", "default": "10"}, "10"),
        ({"type": "bool", "default": "True"}, True),
        ({"type": "bool", "default": False}, False),
        ({"type": "int64", "default": "-1"}, -1),
        ({"type": "int32", "default": "0x7fffffff"}, 0x7FFF_FFFF),
        ({"type": "int32", "default": 5}, 5),
    ],
)
def test_defaults_get_the_type_of_their_field(
    tmp_path: Path, attributes: dict[str, object], default: object
) -> None:
    """Definitions write defaults as text or not; the table has values."""
    (api,) = build_table(make_jar(tmp_path, request_with(**attributes), RESPONSE))["apis"]

    assert default == api["request"][0]["default"]


@pytest.mark.parametrize(
    ("request_", "response", "problem"),
    [
        (request_with(flexibleVersions="none"), RESPONSE, "unknown so far: ['flexibleVersions']"),
        (request_with(tag=0, taggedVersions="1+"), RESPONSE, "Field became tagged later"),
        (REQUEST, RESPONSE | {"flexibleVersions": "1+"}, "became flexible in two versions"),
        (REQUEST | {"apiKey": 7}, RESPONSE | {"apiKey": 7}, "ControlledShutdown is back"),
    ],
)
def test_what_the_table_cannot_express_stops_the_generator(
    tmp_path: Path, request_: dict[str, Any], response: dict[str, Any], problem: str
) -> None:
    """A definition that is not fully understood must not become a table that looks right."""
    with pytest.raises(SystemExit) as raised:
        build_table(make_jar(tmp_path, request_, response))
    assert problem in str(raised.value)


def test_a_jar_without_a_version_is_refused(tmp_path: Path) -> None:
    """Another jar is not taken for Kafka's."""
    with pytest.raises(SystemExit, match="names no Kafka version"):
        build_table(make_jar(tmp_path, version="release=9"))


def test_the_table_is_written_and_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is JSON with a field a line; the check tells whether it is up to date."""
    table = tmp_path / "messages.json"
    monkeypatch.setattr(message_table, "TABLE", table)
    jar = make_jar(tmp_path, REQUEST, RESPONSE)

    assert main([str(jar)]) == 0
    assert {"kafka": "9.9.9", "apis": [API]} == json.loads(table.read_text())
    assert '\n    {"name": "cursor", "type": "int32", "versions": "0+"}\n' in table.read_text()
    assert main([str(jar), "--check"]) == 0
    assert capsys.readouterr().out == ""

    table.write_text(table.read_text().replace("1+", "2+"))

    assert main([str(jar), "--check"]) == 1
    assert "messages.json differs from kafka-clients.jar" in capsys.readouterr().out
