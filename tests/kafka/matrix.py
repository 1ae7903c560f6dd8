"""The table of clients and features: what is tried, and why the rest is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.kafka.clients.aio import Aiokafka
from tests.kafka.clients.confluent import Confluent
from tests.kafka.clients.java import Java
from tests.kafka.clients.kafka_python import KafkaPython
from tests.kafka.features import FEATURES

if TYPE_CHECKING:
    from tests.kafka.clients.client import Client
    from tests.kafka.features import Feature

CLIENTS: tuple[Client, ...] = (Java(), Confluent(), Aiokafka(), KafkaPython())

NO_SHARE_GROUPS = "has no share consumer"
UNTRIED: dict[tuple[str, str], str] = {
    ("aiokafka", "group-consumer"): "knows the classic protocol only",
    ("kafka-python", "group-consumer"): "knows the classic protocol only",
    ("aiokafka", "share"): NO_SHARE_GROUPS,
    ("kafka-python", "share"): NO_SHARE_GROUPS,
    ("kafka-python", "null-header"): "sends no header without a value",
    ("aiokafka", "topic-id"): "does not tell topic ids",
    ("aiokafka", "delete-group"): "cannot delete groups",
}
"""Why a client is not asked for a feature: always because it lacks it, also without a gateway."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One client and one feature that it is asked for."""

    client: Client
    feature: Feature

    def __str__(self) -> str:
        """Name the test."""
        return f"{self.client.name.replace(' ', '-')}-{self.feature.name}"


CELLS: tuple[Cell, ...] = tuple(
    Cell(client, feature)
    for client in CLIENTS
    for feature in FEATURES
    if (client.name, feature.name) not in UNTRIED
)
