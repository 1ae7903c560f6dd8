"""Create and delete topics, and write down how that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from workbench.demo.clients import confluent_settings
from workbench.demo.truth import Request

if TYPE_CHECKING:
    from concurrent.futures import Future

    from workbench.demo.cast import Login
    from workbench.demo.truth import GroundTruth

REQUEST_SECONDS = 30.0
PARTITIONS = 2
# The cluster's own default.
REPLICATION = -1


def create_topics(truth: GroundTruth, login: Login, names: list[str]) -> None:
    """Create topics in one request; raises KafkaException when one is refused."""
    admin = AdminClient(confluent_settings(login))
    topics = [NewTopic(name, PARTITIONS, REPLICATION) for name in names]
    _settle(truth, login, "CREATE_TOPICS", admin.create_topics(topics))


def delete_topics(truth: GroundTruth, login: Login, names: list[str]) -> None:
    """Delete topics in one request; raises KafkaException when one is refused."""
    admin = AdminClient(confluent_settings(login))
    _settle(truth, login, "DELETE_TOPICS", admin.delete_topics(names))


def _settle(truth: GroundTruth, login: Login, api: str, futures: dict[str, Future[None]]) -> None:
    errors = [future.exception(REQUEST_SECONDS) for future in futures.values()]
    refusals = [error for error in errors if isinstance(error, KafkaException)]
    truth.requests.append(
        Request(
            subject=login.subject,
            client_id=login.client_id,
            api=api,
            topics=tuple(sorted(futures)),
            is_refused=bool(refusals),
        )
    )
    for error in errors:
        if error is not None:
            raise error
