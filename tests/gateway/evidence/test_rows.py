"""Events become rows: every column, each payload once, and nothing lost that does not fit."""

from __future__ import annotations

import hashlib

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.event import EVENT_SCHEMA, Event, EventKind, Extent
from gateway.evidence.rows import Row, outlines, to_record_batch, torn_event
from tests.gateway.evidence.golden import story
from tests.gateway.evidence.samples import BOOT, cells, event, expected
from tests.gateway.evidence.strategies import events


@given(st.lists(st.lists(events(), min_size=1, max_size=3), max_size=3))
def test_every_column_holds_what_the_event_says(blocks: list[list[Event]]) -> None:
    """Whatever events say stands in their rows; each payload stands at its first row only."""
    seen: set[bytes] = set()
    seen_plainly: set[bytes] = set()
    sequence = 0
    for block in blocks:
        rows = [Row(sequence + number, BOOT, each) for number, each in enumerate(block)]
        sequence += len(rows)
        batch = to_record_batch(rows, seen)

        assert EVENT_SCHEMA.equals(batch.schema, check_metadata=True)
        assert [expected(row, seen_plainly) for row in rows] == cells(batch)
        assert seen_plainly == seen


@given(st.lists(events(), min_size=1, max_size=3))
def test_an_outline_is_the_event_without_its_content(block: list[Event]) -> None:
    """Who asked for what comes back from a row as it was recorded."""
    rows = [Row(number, BOOT, each) for number, each in enumerate(block)]
    without = {"masked": (), "detail": None, "extents": (), "payload": None}

    assert [
        msgspec.structs.replace(row, event=msgspec.structs.replace(row.event, **without))
        for row in rows
    ] == list(outlines(to_record_batch(rows, set())))


def test_an_outline_of_an_unknown_kind_is_left_out() -> None:
    """An archive that a later version carried on does not stop this one from starting."""
    heartbeat = Event(kind=EventKind.HEARTBEAT, wall_ns=1, monotonic_ns=1)
    batch = to_record_batch([Row(number, BOOT, heartbeat) for number in range(2)], set())
    kinds = pa.array(["of the future", "heartbeat"])
    columns = [kinds if name == "kind" else batch.column(name) for name in batch.schema.names]
    changed = pa.RecordBatch.from_arrays(columns, schema=batch.schema)

    assert [1] == [row.sequence for row in outlines(changed)]


def test_an_event_and_a_row_have_the_same_fields() -> None:
    """A field that is added to one must be added to the other."""
    in_event_only = {"wall_ns", "extents", "payload"}
    in_row_only = {"sequence", "wall_time", "boot_id", "batches"}

    assert set(Event.__struct_fields__) - in_event_only == set(EVENT_SCHEMA.names) - in_row_only


def test_a_payload_is_let_go_of_once_it_is_in_a_row() -> None:
    """A sealer runs for months: what it has sealed must not stay in its memory."""
    payload = bytearray(b"records")
    torn = torn_event(memoryview(payload), wall_ns=1, monotonic_ns=2, detail="{}")
    batch = to_record_batch([Row(0, BOOT, torn)], set())
    del torn
    # Raises BufferError while anything still looks at it.
    payload.append(0)

    assert [b"records"] == [each["payload"] for each in cells(batch)[0]["batches"]]


def test_a_payload_without_extents_is_one_batch() -> None:
    """Torn bytes and the like are stored as they are, without offsets."""
    torn = torn_event(b"torn", wall_ns=1, monotonic_ns=2, detail="{}")
    (row,) = cells(to_record_batch([Row(0, BOOT, torn)], set()))

    assert ("torn", 4, "{}") == (row["kind"], row["byte_count"], row["detail"])
    assert [
        {
            "sha256": hashlib.sha256(b"torn").digest(),
            "first_offset": None,
            "last_offset": None,
            "record_count": 0,
            "byte_count": 4,
            "payload": b"torn",
        }
    ] == row["batches"]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"api_key": 2**15}, id="an api key beyond 16 bits"),
        pytest.param({"first_offset": 2**63}, id="an offset beyond 64 bits"),
        pytest.param({"bundle_digest": b"short"}, id="a digest of another length"),
        pytest.param({"extents": (Extent(0, 0, 1, 3),)}, id="extents that are too short"),
        pytest.param({"extents": (Extent(0, 0, 1, 9),)}, id="extents that are too long"),
        pytest.param({"extents": (Extent(0, 0, 2**31, 7),)}, id="a count beyond 32 bits"),
    ],
)
def test_an_event_that_fits_no_column_is_kept_as_it_is(changes: dict[str, object]) -> None:
    """It becomes a torn row with the whole event as payload, and its neighbours stay rows."""
    good = event(at=1, payload=b"payload")
    odd = msgspec.structs.replace(event(at=2, payload=b"payload"), **changes)
    seen: set[bytes] = set()
    rows = [Row(0, BOOT, good), Row(1, BOOT, odd), Row(2, BOOT, good)]
    first, kept, last = cells(to_record_batch(rows, seen))

    assert ["exchange", "torn", "exchange"] == [row["kind"] for row in (first, kept, last)]
    assert (1, odd.wall_ns) == (kept["sequence"], kept["wall_time"])
    assert list(msgspec.json.decode(kept["detail"])) == ["unfit"]
    assert odd == msgspec.msgpack.decode(kept["batches"][0]["payload"], type=Event)
    assert [b"payload", None] == [row["batches"][0]["payload"] for row in (first, last)]


def test_a_failed_attempt_leaves_no_trace() -> None:
    """Digests seen while building rows that did not fit do not make a later payload vanish."""
    odd = msgspec.structs.replace(event(payload=b"payload"), api_key=2**15)
    seen: set[bytes] = set()
    to_record_batch([Row(0, BOOT, odd)], seen)
    (row,) = cells(to_record_batch([Row(1, BOOT, event(payload=b"payload"))], seen))

    assert b"payload" == row["batches"][0]["payload"]


def test_the_golden_story_fits() -> None:
    """The story that holds the format down says something in every column and of every kind.

    A kind that came after it was written is but another text in a column that is there.
    """
    batch = to_record_batch(story(), set())
    later = {"traffic_level", "policy_loaded", "groups_changed", "approval"}

    assert set(EventKind) - later == set(batch.column("kind").to_pylist())
    assert [] == [
        name for name in batch.schema.names if batch.column(name).null_count == batch.num_rows
    ]
