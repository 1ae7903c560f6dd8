"""Going through events: what their details say, and what cannot be read of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.event import EventKind
from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import Client, Place, Recording, batch, opened

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

ALICE = Client(session="s1")
TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ"
COMMIT = {"topics": [{"topic_id": TOPIC_ID, "name": None, "partitions": [{"partition_index": 0}]}]}


def gaps(folder: Path, recording: Recording) -> pl.DataFrame:
    """Give the gaps of a recording."""
    return opened(folder, recording).gaps.collect()


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        (EventKind.SESSION_CLOSE, "{"),
        (EventKind.DELIVERED, '{"isolation_level":"high"}'),
        (EventKind.EXCHANGE, "[]"),
        (EventKind.INTENT, '{"request":'),
        (EventKind.OUTCOME_UNKNOWN, "{}"),
        (EventKind.OUTCOME_UNKNOWN, None),
        (EventKind.EXCHANGE, '{"request":' + "[" * 100_000 + "]" * 100_000 + "}"),
    ],
)
def test_a_detail_that_cannot_be_read_is_a_gap(
    tmp_path: Path, kind: EventKind, detail: str | None
) -> None:
    """The event itself is still told; what its detail said is not."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    recording.add(kind, ALICE, exchange=0, api_key=ApiKey.CREATE_TOPICS, detail=detail)

    found = gaps(tmp_path, recording)

    columns = ["kind", "first_sequence", "last_sequence", "is_information"]
    assert [("unreadable_detail", 1, 1, False)] == found.select(columns).rows()
    assert kind in found["message"][0]


def test_torn_bytes_are_a_gap_with_their_number(tmp_path: Path) -> None:
    """What a crash left of an event is told by its size and where it was found."""
    recording = Recording()
    recording.add(EventKind.TORN, byte_count=17, detail='{"journal":"7","position":3}')

    found = gaps(tmp_path, recording)

    assert [("torn", False)] == found.select("kind", "is_information").rows()
    assert "17 bytes" in found["message"][0]


def test_each_event_of_an_unknown_kind_is_a_gap(tmp_path: Path) -> None:
    """A newer gateway may have recorded what this version cannot judge."""
    recording = Recording()
    for _ in range(2):
        recording.add("from_the_future", ALICE)

    found = gaps(tmp_path, recording)

    assert [("unknown_kind", 0), ("unknown_kind", 1)] == found.select(
        "kind", "first_sequence"
    ).rows()


@pytest.mark.parametrize(
    ("api", "kinds"),
    [
        (ApiKey.PRODUCE, [("outcome_unknown", False)]),
        (ApiKey.OFFSET_COMMIT, [("outcome_unknown", True)]),
        (ApiKey.FETCH, []),
        (ApiKey.DESCRIBE_CONFIGS, []),
    ],
)
def test_a_change_whose_answer_never_came_is_a_gap(
    tmp_path: Path, api: ApiKey, kinds: list[tuple[str, bool]]
) -> None:
    """Only what may have changed something; only for records it is a fault of the recording."""
    recording = Recording()
    recording.ask(ALICE, api, {}, response="unknown", error_code=None)

    assert kinds == gaps(tmp_path, recording).select("kind", "is_information").rows()


def test_an_intent_is_no_gap_yet(tmp_path: Path) -> None:
    """While a gateway runs, intents wait for their answers."""
    recording = Recording()
    recording.add(EventKind.INTENT, ALICE, api_key=ApiKey.CREATE_TOPICS, detail={"request": {}})

    assert 0 == gaps(tmp_path, recording).height


def test_an_outcome_that_recovery_called_unknown_is_a_gap(tmp_path: Path) -> None:
    """It concerns everything from the intent on, and is a fault."""
    recording = Recording()
    recording.add(EventKind.INTENT, ALICE, exchange=0, api_key=ApiKey.CREATE_TOPICS)
    recording.add(
        EventKind.OUTCOME_UNKNOWN,
        ALICE,
        exchange=0,
        api_key=ApiKey.CREATE_TOPICS,
        detail={"intent": {"kind": "intent", "sequence": 0, "boot_id": "b"}},
    )

    found = gaps(tmp_path, recording)

    columns = ["kind", "first_sequence", "last_sequence", "is_information"]
    assert [("outcome_unknown", 0, 1, False)] == found.select(columns).rows()
    assert "CREATE_TOPICS" in found["message"][0]


def test_a_commit_to_a_topic_with_a_name_is_no_gap(tmp_path: Path) -> None:
    """Nothing is wrong with an ordinary commit."""
    recording = Recording()
    recording.commit(ALICE, Place(first=3))

    assert 0 == gaps(tmp_path, recording).height


def test_a_shortened_commit_is_a_gap(tmp_path: Path) -> None:
    """What was left out of the record is counted, and is no fault."""
    recording = Recording()
    recording.ask(ALICE, ApiKey.OFFSET_COMMIT, {"topics": [{"left_out": 3}]})

    found = gaps(tmp_path, recording)

    assert [("left_out", True)] == found.select("kind", "is_information").rows()
    assert "3 topics" in found["message"][0]


def test_a_topic_id_without_a_name_is_one_gap(tmp_path: Path) -> None:
    """Each id that nothing names is told once, whoever used it."""
    place = Place(topic=None, topic_id=TOPIC_ID)
    recording = Recording()
    recording.produce(ALICE, place, batch(b"v"))
    recording.deliver(ALICE, place, batch(b"v"))
    recording.ask(ALICE, ApiKey.OFFSET_COMMIT, COMMIT)

    found = gaps(tmp_path, recording)

    columns = ["kind", "topic_id", "partition", "first_sequence", "last_sequence"]
    assert [("unresolved_topic", TOPIC_ID, None, 0, 5)] == found.select(columns).rows()


def test_events_that_say_nothing_of_topics_miss_no_name(tmp_path: Path) -> None:
    """An id without a name counts only where records or commits are about it."""
    recording = Recording()
    recording.add(EventKind.EXCHANGE, ALICE, topic_id=TOPIC_ID)

    assert 0 == gaps(tmp_path, recording).height
