"""Topic ids get their names, and only true ones."""

from __future__ import annotations

from gateway.apis.topics import (
    NULL_TOPIC_ID,
    TopicDirectory,
    TopicReference,
    reference,
    topic_id_text,
)

ORDERS_ID = bytes(range(16))
NEWER_ID = bytes(range(1, 17))


def test_ids_are_written_as_kafka_writes_them() -> None:
    """URL-safe base64 of 16 bytes, without padding."""
    assert "AAECAwQFBgcICQoLDA0ODw" == topic_id_text(ORDERS_ID)
    assert "_____________________w" == topic_id_text(b"\xff" * 16)


def test_a_recreated_topic_has_a_new_id_and_the_old_one_keeps_its_name() -> None:
    """Records of the deleted topic were records of a topic of that name."""
    directory = TopicDirectory()
    directory.learn(ORDERS_ID, "orders")
    directory.learn(NEWER_ID, "orders")

    assert ["orders", "orders"] == [directory.name_of(ORDERS_ID), directory.name_of(NEWER_ID)]


def test_half_a_pair_teaches_nothing() -> None:
    """Kafka's null id and absent names are no facts."""
    directory = TopicDirectory()
    for topic_id, name in [(NULL_TOPIC_ID, "orders"), (None, "orders"), (ORDERS_ID, None)]:
        directory.learn(topic_id, name)

    assert [None, None] == [directory.name_of(NULL_TOPIC_ID), directory.name_of(ORDERS_ID)]


def test_the_oldest_is_forgotten_beyond_the_limit() -> None:
    """A cluster that makes topics for ever does not grow the gateway for ever."""
    directory = TopicDirectory(topic_ids_max=2)
    for number in range(1, 4):
        directory.learn(bytes([number]) * 16, f"t{number}")

    assert [None, "t2", "t3"] == [directory.name_of(bytes([n]) * 16) for n in (1, 2, 3)]


def test_a_reference_says_what_the_message_says() -> None:
    """An id is looked up; a name is not turned into an id."""
    directory = TopicDirectory()
    directory.learn(ORDERS_ID, "orders")

    assert TopicReference(ORDERS_ID, "orders", topic_id_text(ORDERS_ID)) == reference(
        {"topic_id": ORDERS_ID}, directory
    )
    assert TopicReference(NEWER_ID, None, topic_id_text(NEWER_ID)) == reference(
        {"topic_id": NEWER_ID}, directory
    )
    assert TopicReference("orders", "orders", None) == reference({"topic": "orders"}, directory)
