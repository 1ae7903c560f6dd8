"""The tools of the Kafka distribution that are more than one client's feature."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.kafka.distribution import run_tool
from tests.kafka.evidence import wait_until_sealed
from tests.kafka.records import Sending, numbered
from tests.kafka.truth import DIRECT, set_group_config, whole_log

if TYPE_CHECKING:
    from tests.kafka.features import Place
    from tests.kafka.gateway import Gateway

COUNT = 2000
# Offsets, sizes, epochs and times differ between two runs.
NUMBER = re.compile(r"\d+")

DESCRIPTIONS = {
    "log directories": ("LogDirsCommand", ("--describe", "--topic-list", "TOPIC")),
    "quorum": ("MetadataQuorumCommand", ("describe", "--replication")),
    "features": ("FeatureCommand", ("describe",)),
    "transactions": ("TransactionsCommand", ("list",)),
    "producers": (
        "TransactionsCommand",
        ("describe-producers", "--topic", "TOPIC", "--partition", "0"),
    ),
    "reassignments": ("reassign.ReassignPartitionsCommand", ("--list",)),
    "client metrics": ("ClientMetricsCommand", ("--list",)),
    "topic offsets": ("GetOffsetShell", ("--topic", "TOPIC")),
    "under-replicated partitions": (
        "TopicCommand",
        ("--describe", "--under-replicated-partitions"),
    ),
    "streams groups": ("streams.StreamsGroupCommand", ("--list",)),
}


@pytest.mark.parametrize("about", DESCRIPTIONS)
def test_what_admin_tools_print_is_the_same(about: str, through: Place) -> None:
    """An operator sees through the gateway what there is to see without it."""
    topic = through.topic()
    DIRECT.produce(through.direct, topic, numbered(10), Sending(is_idempotent=True))
    tool, arguments = DESCRIPTIONS[about]
    arguments = tuple(topic if each == "TOPIC" else each for each in arguments)

    direct, gateway = (
        NUMBER.sub("N", run_tool(tool, "--bootstrap-server", bootstrap, *arguments))
        for bootstrap in (through.direct, through.bootstrap)
    )

    assert direct == gateway


def test_quotas_can_be_set_and_described(through: Place) -> None:
    """What is set through the gateway is described the same on both ways."""
    quota = ("--entity-type", "clients", "--entity-name", through.prefix)
    where = ("--bootstrap-server", through.bootstrap)
    run_tool("ConfigCommand", *where, *quota, "--alter", "--add-config", "producer_byte_rate=1024")

    direct, gateway = (
        run_tool("ConfigCommand", "--bootstrap-server", bootstrap, *quota, "--describe")
        for bootstrap in (through.direct, through.bootstrap)
    )

    assert direct == gateway
    assert "producer_byte_rate=1024" in gateway


def test_leaders_can_be_elected(through: Place) -> None:
    """An election that nothing needs says so on both ways."""
    topic = through.topic()
    arguments = ("--election-type", "preferred", "--topic", topic, "--partition", "0")

    direct, gateway = (
        run_tool("LeaderElectionCommand", "--bootstrap-server", bootstrap, *arguments)
        for bootstrap in (through.direct, through.bootstrap)
    )

    assert direct == gateway
    assert topic in gateway


def test_kafkas_own_compatibility_test_passes(through: Place) -> None:
    """The program with which Kafka checks that a client and a broker get on is content."""
    topic = through.topic(partitions=1)
    expected = {
        "offsets-for-times-supported": "true",
        "cluster-id-supported": "true",
        "expect-record-too-large-exception": "false",
        "num-cluster-nodes": str(len(DIRECT.cluster(through.direct))),
        "create-topics-supported": "true",
        "describe-acls-supported": "true",
        "describe-configs-supported": "true",
        "idempotent-producer-supported": "true",
    }
    arguments = [part for key, value in expected.items() for part in (f"--{key}", value)]

    said = run_tool(
        "ClientCompatibilityTest",
        *("--topic", topic, "--bootstrap-server", through.bootstrap, *arguments),
    )

    assert "SUCCESS" in said


def test_performance_tools_do_all_their_work(through: Place, standing_gateway: Gateway) -> None:
    """Every record that they send and read comes through, and is recorded."""
    topic = through.topic(partitions=1)
    group = f"{through.prefix}-share"
    set_group_config(through.direct, group, "share.auto.offset.reset", "earliest")
    where = ("--bootstrap-server", through.bootstrap, "--topic", topic)
    amount = ("--num-records", str(COUNT))

    sent = run_tool(
        "ProducerPerformance", *where, *amount, "--record-size", "100", "--throughput", "-1"
    )
    read = run_tool("ConsumerPerformance", *where, *amount)
    shared = run_tool("ShareConsumerPerformance", *where, *amount, "--group", group)

    assert f"{COUNT} records sent" in sent
    assert f" {COUNT}," in read
    assert f" {COUNT}," in shared
    log = whole_log(through.direct, topic)
    evidence = wait_until_sealed(standing_gateway)
    assert len(log) == COUNT
    assert set(evidence.produced(topic)) == set(log)
    assert {each.record for each in evidence.reads(topic)} == set(log)


def test_a_verifiable_consumer_verifies(through: Place) -> None:
    """The consumer of Kafka's own system tests reads all and commits, by both group protocols."""
    topic = through.topic(partitions=1)
    DIRECT.produce(through.direct, topic, numbered(COUNT), Sending())

    for protocol in ("classic", "consumer"):
        said = run_tool(
            "VerifiableConsumer",
            *("--bootstrap-server", through.bootstrap, "--topic", topic),
            *("--group-id", f"{through.prefix}-{protocol}", "--group-protocol", protocol),
            *("--max-messages", str(COUNT)),
        )

        assert f'"offset":{COUNT}}}],"success":true' in said
