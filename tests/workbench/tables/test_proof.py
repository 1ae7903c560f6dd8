"""How well it is proved that a record was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.event import EventKind
from tests.workbench.archive.recording import Client, Place, Recording, batch, opened

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.archive import Archive

ALICE = Client(session="s1")
AGAIN = Client(session="s3")
BOB = Client(session="s2", subject="bob")
NOBODY = Client(session="s4", subject=None)
COPIES = Place(topic="copies")


def levels(archive: Archive) -> list[str]:
    """Give the proof of each read, in the order of delivery and offset."""
    return archive.reads.sort("origin", "sequence", "offset").collect()["proof_level"].to_list()


def test_a_later_commit_behind_a_record_proves_more(tmp_path: Path) -> None:
    """Offsets below a commit of the same principal, on whatever connection, are acknowledged."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"a", b"b", b"c"))
    recording.commit(AGAIN, Place(first=1))
    recording.end_segment()
    recording.commit(AGAIN, Place(first=2))
    recording.commit(AGAIN, Place(first=0))

    assert ["L3", "L3", "L2"] == levels(opened(tmp_path, recording))


@pytest.mark.parametrize(
    ("client", "place", "error_code"),
    [
        (BOB, Place(first=9), 0),
        (ALICE, Place(topic="other", first=9), 0),
        (ALICE, Place(partition=1, first=9), 0),
        (ALICE, Place(first=9), 22),
    ],
    ids=["other principal", "other topic", "other partition", "refused"],
)
def test_other_commits_prove_nothing(
    tmp_path: Path, client: Client, place: Place, error_code: int
) -> None:
    """Only a commit that was taken, of the same principal and topic-partition, counts."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"a"))
    recording.commit(client, place, error_code)

    assert ["L2"] == levels(opened(tmp_path, recording))


def test_an_earlier_commit_proves_nothing(tmp_path: Path) -> None:
    """Who committed first and read then has not acknowledged what it read."""
    recording = Recording()
    recording.commit(ALICE, Place(first=9))
    recording.deliver(ALICE, Place(), batch(b"a"))

    assert ["L2"] == levels(opened(tmp_path, recording))


def test_nobody_is_nobody_else(tmp_path: Path) -> None:
    """Clients that never authenticated are not taken for one principal."""
    recording = Recording()
    recording.deliver(NOBODY, Place(), batch(b"a"))
    recording.commit(NOBODY, Place(first=9))
    recording.produce(NOBODY, COPIES, batch(b"a"))

    assert ["L2"] == levels(opened(tmp_path, recording))


def test_a_topic_without_a_name_is_known_by_its_id(tmp_path: Path) -> None:
    """Commits and deliveries under one unresolved id belong together."""
    topic_id = "AAAAAAAAAAAAAAAAAAAAAQ"
    recording = Recording()
    recording.deliver(ALICE, Place(topic=None, topic_id=topic_id), batch(b"a"))
    recording.commit(ALICE, Place(topic=None, topic_id=topic_id, first=1))

    assert ["L3"] == levels(opened(tmp_path, recording))


def test_content_that_was_published_again_proves_most(tmp_path: Path) -> None:
    """The same key, value and headers in another topic, later, by the same principal."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"a", b"b"))
    recording.commit(ALICE, Place(first=2))
    recording.end_segment()
    recording.produce(AGAIN, COPIES, batch(b"b"))

    assert ["L3", "L4"] == levels(opened(tmp_path, recording))


@pytest.mark.parametrize(
    ("client", "place", "value"),
    [(BOB, COPIES, b"a"), (ALICE, Place(), b"a"), (ALICE, COPIES, b"b")],
    ids=["other principal", "same topic", "other content"],
)
def test_other_publications_prove_nothing(
    tmp_path: Path, client: Client, place: Place, value: bytes
) -> None:
    """Only the reader's own publication of the content elsewhere counts."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"a"))
    recording.deliver(BOB, Place(partition=1), batch(b"z"))
    recording.produce(client, place, batch(value))

    assert ["L2", "L2"] == levels(opened(tmp_path, recording))


def test_a_publication_before_the_delivery_proves_nothing(tmp_path: Path) -> None:
    """Who had a content already did not get it from this delivery."""
    recording = Recording()
    recording.produce(ALICE, COPIES, batch(b"a"))
    recording.deliver(ALICE, Place(), batch(b"a"))

    assert ["L2"] == levels(opened(tmp_path, recording))


def test_a_publication_that_the_broker_refused_proves_nothing(tmp_path: Path) -> None:
    """What was not taken was not published; without an answer it may have been."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"a", b"b"))
    recording.send(ALICE, COPIES, 90, batch(b"a"))
    recording.answer(ALICE, COPIES, 90, error_code=10)
    recording.send(ALICE, COPIES, 91, batch(b"b"))

    assert ["L2", "L4"] == levels(opened(tmp_path, recording))


def test_the_newest_publication_elsewhere_counts(tmp_path: Path) -> None:
    """A later publication to the record's own topic does not hide one to another topic."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"a"))
    recording.produce(ALICE, COPIES, batch(b"a"))
    recording.produce(ALICE, Place(), batch(b"a"))

    assert ["L4"] == levels(opened(tmp_path, recording))


def test_acts_at_another_gateway_count_by_their_time(tmp_path: Path) -> None:
    """Sequence numbers of two origins cannot be compared; clocks can."""
    reader, writer = Recording(origin="reads"), Recording(origin="writes")
    writer.commit(ALICE, Place(first=1))
    writer.produce(ALICE, COPIES, batch(b"b"))
    for _ in range(10):
        reader.add(EventKind.SESSION_OPEN, ALICE)
        writer.add(EventKind.SESSION_OPEN, ALICE)
    reader.deliver(ALICE, Place(), batch(b"a", b"b", b"c", b"d"))
    for _ in range(10):
        writer.add(EventKind.SESSION_OPEN, ALICE)
    writer.commit(ALICE, Place(first=2))
    writer.produce(ALICE, COPIES, batch(b"d"))

    assert ["L3", "L3", "L2", "L4"] == levels(opened(tmp_path, reader, writer))


def test_within_one_gateway_the_order_counts_and_not_the_clock(tmp_path: Path) -> None:
    """A clock that went back makes a later act no earlier one, and an earlier one no later."""
    recording = Recording()
    recording.commit(ALICE, Place(first=1))
    recording.deliver(ALICE, Place(), batch(b"a", b"b"))
    recording.commit(ALICE, Place(partition=3, first=1))
    recording.deliver(ALICE, Place(partition=3), batch(b"x"))
    recording.commit(ALICE, Place(partition=3, first=1))
    for event in (0, 2):
        recording.set_time(event, 500)
    for event in (5, 6):
        recording.set_time(event, -500)
    other = Recording(origin="other")
    other.add(EventKind.SESSION_OPEN, BOB)

    assert ["L2", "L2", "L3"] == levels(opened(tmp_path, recording, other))
