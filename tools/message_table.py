"""Generate `gateway/wire/table/messages.json` from the definitions in a kafka-clients jar.

Run `python tools/message_table.py PATH_TO_KAFKA_CLIENTS_JAR` after a new Kafka release, and with
`--check` to see whether the committed table still says what that jar says. The output depends on
the jar alone.

Kept are the APIs a client can reach, that is those with the `broker` listener; the traffic of
controllers among themselves is left out. Kept of each field is what decides its bytes and its
meaning, without any prose.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TABLE = Path(__file__).resolve().parent.parent / "gateway" / "wire" / "table" / "messages.json"

API_VERSIONS = 18
CONTROLLED_SHUTDOWN = 7

# What a definition says of a field. Anything else could change the bytes, and must be understood
# before it is kept or left out.
BYTES = {"name", "type", "versions", "nullableVersions", "tag", "taggedVersions", "fields"}
MEANING = {"default", "ignorable", "entityType"}
LEFT_OUT = {"about", "mapKey", "zeroCopy"}

Definition = dict[str, Any]


def snake_case(name: str) -> str:
    """Turn Kafka's field name into a Python key: `TopicId` becomes `topic_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def read_definitions(jar: Path) -> tuple[str, list[Definition]]:
    """Read Kafka's version and every request and response definition from the jar."""
    with zipfile.ZipFile(jar) as archive:
        version = re.search(
            r"^version=(\S+)$",
            archive.read("kafka/kafka-version.properties").decode(),
            re.MULTILINE,
        )
        if version is None:
            raise SystemExit(f"{jar} names no Kafka version: is it a kafka-clients jar?")
        names = sorted(
            name
            for name in archive.namelist()
            if re.fullmatch(r"common/message/\w+(Request|Response)\.json", name)
        )
        texts = [archive.read(name).decode() for name in names]
    return version[1], [json.loads(re.sub(r"(?m)^\s*//.*$", "", text)) for text in texts]


def read_default(field: Definition) -> bool | int | str | None:
    """Turn a definition's default, often written as text, into a JSON value of the field's type."""
    default, kind = field["default"], field["type"]
    if default == "null":
        return None
    if kind == "bool":
        return str(default).lower() == "true"
    if kind == "string":
        return str(default)
    return int(str(default), 0)


def build_field(field: Definition, structs: Mapping[str, Sequence[Definition]]) -> Definition:
    """Build the table's form of one field, with the fields of a named structure put in place."""
    if unknown := field.keys() - BYTES - MEANING - LEFT_OUT:
        raise SystemExit(f"{field['name']} has attributes unknown so far: {sorted(unknown)}")
    if field.get("taggedVersions", field["versions"]) != field["versions"]:
        raise SystemExit(f"{field['name']} became tagged later: the table has no place for that")
    kind = field["type"].removeprefix("[]")
    prefix = field["type"].removesuffix(kind)
    members = field.get("fields") or structs.get(kind)
    built: Definition = {
        "name": snake_case(field["name"]),
        "type": prefix + ("struct" if members else kind),
        "versions": field["versions"],
    }
    if field.get("nullableVersions"):
        built["nullable"] = field["nullableVersions"]
    if "tag" in field:
        built["tag"] = field["tag"]
    if "default" in field:
        built["default"] = read_default(field)
    if field.get("ignorable"):
        built["ignorable"] = True
    if "entityType" in field:
        built["entity_type"] = field["entityType"]
    if members:
        built["fields"] = [build_field(member, structs) for member in members]
    return built


def build_fields(message: Definition) -> list[Definition]:
    """Build the fields of a message."""
    structs = {struct["name"]: struct["fields"] for struct in message.get("commonStructs", [])}
    # A structure may be defined where it is first used, and only named afterwards.
    for field in walk(message["fields"]):
        if "fields" in field:
            structs.setdefault(field["type"].removeprefix("[]"), field["fields"])
    return [build_field(field, structs) for field in message["fields"]]


def walk(fields: Sequence[Definition]) -> Iterator[Definition]:
    """Yield each field and the fields below it."""
    for field in fields:
        yield field
        yield from walk(field.get("fields", ()))


def build_api(request: Definition, response: Definition) -> Definition:
    """Build the table's form of one API.

    The header's form follows the body's, with two exceptions that Kafka fixed for compatibility:
    the response to ApiVersions keeps the first header (KIP-511), and ControlledShutdown 0 has a
    request header of its own.
    """
    key = request["apiKey"]
    if request["flexibleVersions"] != response["flexibleVersions"]:
        raise SystemExit(f"{request['name']} and its response became flexible in two versions")
    if key == CONTROLLED_SHUTDOWN:
        raise SystemExit(
            "ControlledShutdown is back: request header 0 has no place in the table yet"
        )
    return {
        "key": key,
        "name": request["name"].removesuffix("Request"),
        "versions": request["validVersions"],
        "flexible": request["flexibleVersions"],
        "request_header_flexible": request["flexibleVersions"],
        "response_header_flexible": "none" if key == API_VERSIONS else response["flexibleVersions"],
        "latest_unstable": request.get("latestVersionUnstable", False),
        "listeners": sorted(request["listeners"]),
        "request": build_fields(request),
        "response": build_fields(response),
    }


def build_table(jar: Path) -> Definition:
    """Build the whole table."""
    version, definitions = read_definitions(jar)
    by_key: dict[int, dict[str, Definition]] = {}
    for definition in definitions:
        by_key.setdefault(definition["apiKey"], {})[definition["type"]] = definition
    apis = [
        build_api(pair["request"], pair["response"])
        for _, pair in sorted(by_key.items())
        if pair["request"]["validVersions"] != "none"
        and "broker" in pair["request"].get("listeners", ())
    ]
    return {"kafka": version, "apis": apis}


def render(value: object, indent: str = "") -> str:
    """Render JSON with one field a line, so that a new Kafka release can be read as a diff."""
    inner = indent + " "
    if isinstance(value, list) and any(isinstance(element, dict) for element in value):
        return (
            "[\n" + ",\n".join(inner + render(element, inner) for element in value) + f"\n{indent}]"
        )
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{k}": {render(v, inner)}' for k, v in value.items()) + "}"
    return json.dumps(value)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table, or compare it with the jar."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("jar", type=Path, help="the kafka-clients jar of the newest Kafka")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(arguments)
    text = render(build_table(options.jar)) + "\n"
    if not options.check:
        TABLE.write_text(text)
        return 0
    if text == TABLE.read_text():
        return 0
    print(f"{TABLE.name} differs from {options.jar.name}: run without --check and read the diff")
    return 1


if __name__ == "__main__":
    sys.exit(main())
