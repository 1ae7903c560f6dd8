"""The Java client, by the tools of the Kafka distribution."""

from __future__ import annotations

import json
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.kafka.clients.client import Client
from tests.kafka.distribution import run_tool
from tests.kafka.records import Headers, Offsets, Record, in_order, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.kafka.records import Reading, Sending, Transaction

NULL = "<null>"
NO_HEADERS = "NO_HEADERS"
KEY_COUNT = 5
IDLE_MS = 20_000
PRINTED = ("timestamp", "partition", "offset", "headers", "key", "value")
CONSOLE_CONSUMER = "consumer.ConsoleConsumer"
CONSOLE_SHARE_CONSUMER = "consumer.ConsoleShareConsumer"
GROUP_COMMAND = "consumer.group.ConsumerGroupCommand"
# The more transactions there are, the surer it is that the tool aborts one.
TRANSACTION_RECORDS = 1


class Java(Client):
    """Kafka's own tools: console, verifiable and transactional clients, and the admin commands."""

    name = "Java tools"

    def produce(
        self, bootstrap: str, topic: str, records: Sequence[Record], how: Sending
    ) -> list[Record]:
        """Send records: numbered ones by the verifiable producer, which reports offsets.

        Others go by the console producer, which reports nothing.
        """
        if [each.value for each in records] != [each.value for each in numbered(len(records))]:
            return self._type_in(bootstrap, topic, records)
        config = {
            "compression.type": how.codec,
            "enable.idempotence": str(how.is_idempotent).lower(),
            "linger.ms": "50",
            # The tool sets it to 0 where nobody says more, which idempotence does not allow.
            "retries": "3",
        }
        with _file("".join(f"{key}={value}\n" for key, value in config.items())) as file:
            printed = run_tool(
                "VerifiableProducer",
                *("--bootstrap-server", bootstrap, "--topic", topic),
                *("--max-messages", str(len(records)), "--repeating-keys", str(KEY_COUNT)),
                *("--acks", {"0": "0", "1": "1", "all": "-1"}[how.acks]),
                *("--command-config", str(file)),
            )
        return [_acknowledged(line) for line in _json_lines(printed, "producer_send_success")]

    def _type_in(self, bootstrap: str, topic: str, records: Sequence[Record]) -> list[Record]:
        lines = [
            "\t".join([_headers_text(r.headers), _text(r.key), _text(r.value)]) for r in records
        ]
        run_tool(
            "ConsoleProducer",
            *("--bootstrap-server", bootstrap, "--topic", topic),
            *("--reader-property", "parse.key=true"),
            *("--reader-property", "parse.headers=true"),
            *("--reader-property", f"null.marker={NULL}"),
            text="\n".join([*lines, ""]),
        )
        return [
            Record(key=each.key, value=each.value, headers=each.headers, partition=each.partition)
            for each in records
        ]

    def transact(self, bootstrap: str, topic: str, transactions: Sequence[Transaction]) -> None:
        """Copy the committed records from another topic, with aborts where some are wanted.

        The tool aborts by chance, and sends the records of such a transaction again.
        """
        wanted = [record for each in transactions if each.is_committed for record in each.records]
        source = f"{topic}-source"
        self.create_topic(bootstrap, source, 1)
        self._type_in(bootstrap, source, wanted)
        aborts = (
            () if all(each.is_committed for each in transactions) else ("--enable-random-aborts",)
        )
        run_tool(
            "TransactionalMessageCopier",
            *("--broker-list", bootstrap),
            *("--input-topic", source, "--input-partition", "0", "--output-topic", topic),
            *("--transactional-id", f"{topic}-java", "--consumer-group", f"{topic}-copier"),
            *("--transaction-size", str(TRANSACTION_RECORDS)),
            *("--max-messages", str(len(wanted))),
            *aborts,
        )

    def consume(self, bootstrap: str, topic: str, how: Reading) -> list[Record]:
        """Read with the console consumer."""
        arguments = [
            "--bootstrap-server",
            bootstrap,
            "--topic",
            topic,
            "--max-messages",
            str(how.count),
        ]
        if how.is_committed_only:
            arguments += ["--isolation-level", "read_committed"]
        if how.group is not None:
            arguments += ["--group", how.group, "--from-beginning"]
            arguments += ["--command-property", f"group.protocol={how.protocol}"]
            return in_order(_console(CONSOLE_CONSUMER, arguments))
        # The tool reads one partition at a time.
        ((partition, offset),) = how.start.items()
        arguments += ["--partition", str(partition), "--offset", str(offset)]
        return in_order(_console(CONSOLE_CONSUMER, arguments))

    def consume_shared(self, bootstrap: str, topic: str, group: str, count: int) -> list[Record]:
        """Read with the console share consumer."""
        arguments = ["--bootstrap-server", bootstrap, "--topic", topic, "--group", group]
        arguments += ["--max-messages", str(count)]
        return in_order(_console(CONSOLE_SHARE_CONSUMER, arguments))

    def create_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Create a topic."""
        _topics(bootstrap, "--create", "--topic", topic, "--partitions", str(partitions))

    def delete_topic(self, bootstrap: str, topic: str) -> None:
        """Delete a topic."""
        _topics(bootstrap, "--delete", "--topic", topic)

    def topic_id(self, bootstrap: str, topic: str) -> str:
        """Tell a topic's id."""
        return _found(r"TopicId: (\S+)", _topics(bootstrap, "--describe", "--topic", topic))

    def grow_topic(self, bootstrap: str, topic: str, partitions: int) -> None:
        """Add partitions."""
        _topics(bootstrap, "--alter", "--topic", topic, "--partitions", str(partitions))

    def set_config(self, bootstrap: str, topic: str, key: str, value: str) -> None:
        """Set a configuration."""
        _configs(bootstrap, topic, "--alter", "--add-config", f"{key}={value}")

    def get_config(self, bootstrap: str, topic: str, key: str) -> str:
        """Read a configuration."""
        return _found(rf"{re.escape(key)}=(\S+)", _configs(bootstrap, topic, "--describe"))

    def offsets(self, bootstrap: str, topic: str, timestamp_ms: int) -> Offsets:
        """Ask with ListOffsets three times."""
        arguments = (
            "--bootstrap-server",
            bootstrap,
            "--topic",
            topic,
            "--partitions",
            "0",
            "--time",
        )
        first, end, at_time = (
            int(run_tool("GetOffsetShell", *arguments, time).split(":")[2])
            for time in ("earliest", "latest", str(timestamp_ms))
        )
        return Offsets(first=first, end=end, at_time=at_time)

    def delete_records(self, bootstrap: str, topic: str, before: int) -> None:
        """Delete records."""
        wanted = {"partitions": [{"topic": topic, "partition": 0, "offset": before}], "version": 1}
        with _file(json.dumps(wanted)) as file:
            run_tool(
                "DeleteRecordsCommand",
                *("--bootstrap-server", bootstrap, "--offset-json-file", str(file)),
            )

    def cluster(self, bootstrap: str) -> dict[int, tuple[str, int]]:
        """Describe the cluster."""
        printed = run_tool("ClusterTool", "list-endpoints", "--bootstrap-server", bootstrap)
        rows = [line.split() for line in printed.splitlines()[1:]]
        return {int(row[0]): (row[1], int(row[2])) for row in rows}

    def cluster_id(self, bootstrap: str) -> str:
        """Tell the cluster's id."""
        printed = run_tool("ClusterTool", "cluster-id", "--bootstrap-server", bootstrap)
        return _found(r"Cluster ID: (\S+)", printed)

    def groups(self, bootstrap: str) -> set[str]:
        """List groups."""
        printed = run_tool("GroupsCommand", "--bootstrap-server", bootstrap, "--list")
        return {line.split()[0] for line in printed.splitlines()[1:] if line.strip()}

    def group_state(self, bootstrap: str, group: str) -> str:
        """Describe a group."""
        arguments = ("--bootstrap-server", bootstrap, "--group", group)
        printed = run_tool(GROUP_COMMAND, *arguments, "--describe", "--state")
        return printed.split()[-2].lower()

    def committed(self, bootstrap: str, group: str, topic: str) -> dict[int, int]:
        """Tell committed offsets."""
        arguments = ("--bootstrap-server", bootstrap, "--group", group)
        printed = run_tool(GROUP_COMMAND, *arguments, "--describe")
        rows = [line.split() for line in printed.splitlines()]
        return {int(row[2]): int(row[3]) for row in rows if row[1:2] == [topic]}

    def delete_group(self, bootstrap: str, group: str) -> None:
        """Delete a group."""
        run_tool(GROUP_COMMAND, "--bootstrap-server", bootstrap, "--group", group, "--delete")


def _console(tool: str, arguments: Sequence[str]) -> list[Record]:
    """Run a console consumer that prints all that a record has; it fails when too few come."""
    properties = [f"print.{each}=true" for each in PRINTED]
    properties.append(f"null.literal={NULL}")
    if tool == CONSOLE_SHARE_CONSUMER:
        properties.append("print.delivery=false")
    for each in properties:
        arguments = [*arguments, "--formatter-property", each]
    printed = run_tool(tool, *arguments, "--timeout-ms", str(IDLE_MS))
    return [_printed(line) for line in printed.splitlines()]


def _printed(line: str) -> Record:
    time, partition, offset, headers, key, value = line.split("\t")
    return Record(
        partition=int(partition.removeprefix("Partition:")),
        offset=int(offset.removeprefix("Offset:")),
        key=_bytes(key),
        value=_bytes(value),
        headers=()
        if headers == NO_HEADERS
        else tuple(_header(each) for each in headers.split(",")),
        timestamp_ms=int(time.split(":")[1]),
    )


def _header(text: str) -> tuple[str, bytes | None]:
    name, _, value = text.partition(":")
    return name, _bytes(value)


def _bytes(text: str) -> bytes | None:
    return None if text == NULL else text.encode()


def _text(value: bytes | None) -> str:
    return NULL if value is None else value.decode()


def _headers_text(headers: Headers) -> str:
    return ",".join(f"{name}:{_text(value)}" for name, value in headers) or NULL


def _acknowledged(line: Mapping[str, object]) -> Record:
    offset = int(str(line["offset"]))
    return Record(
        partition=int(str(line["partition"])),
        offset=offset if offset >= 0 else None,
        key=str(line["key"]).encode(),
        value=str(line["value"]).encode(),
    )


def _json_lines(printed: str, name: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return [line for line in lines if line["name"] == name]


def _topics(bootstrap: str, *arguments: str) -> str:
    return run_tool("TopicCommand", "--bootstrap-server", bootstrap, *arguments)


def _configs(bootstrap: str, topic: str, *arguments: str) -> str:
    entity = ("--entity-type", "topics", "--entity-name", topic)
    return run_tool("ConfigCommand", "--bootstrap-server", bootstrap, *entity, *arguments)


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match is not None, text
    return match[1]


@contextmanager
def _file(text: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(text)
        file.flush()
        yield Path(file.name)
