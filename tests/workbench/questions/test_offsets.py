"""Offsets are accounted for: written on record, explained, or written past the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workbench.frames import Frames, at
from workbench.questions.offsets import State, beginnings, unaccounted, unseen_counts, written

if TYPE_CHECKING:
    from workbench.tables import Tables


def recorded() -> Frames:
    """Record a producer, and the first three records that it wrote."""
    frames = Frames()
    frames.connect("p", "shop")
    frames.connect("c", "billing")
    frames.write("p", "orders", 0, ["a", "b", "c"], 10)
    return frames


def states(tables: Tables) -> dict[int, str]:
    """Return the state of every offset that no recorded answer names."""
    rows = unaccounted(tables).collect()
    return dict(zip(rows["offset"], rows["state"], strict=True))


def begun(tables: Tables) -> list[tuple[int, int | None]]:
    """Return where each partition begins."""
    return beginnings(tables).sort("partition").select("old_below", "new_from").collect().rows()


def test_what_was_written_on_record_is_accounted_for() -> None:
    """Delivered once or more often."""
    frames = recorded()
    frames.give("c", "orders", 0, ["a", "b", "c"], 20)
    frames.give("c", "orders", 1, ["b", "c"], 30)

    assert {} == states(frames.tables)
    assert [(0, 2)] == written(frames.tables).select("first", "last").collect().rows()


def test_a_delivered_record_that_nobody_wrote_bypassed_the_gateway() -> None:
    """It lies behind what was known to be the end of the log."""
    frames = recorded()
    frames.give("c", "orders", 0, ["a", "b", "c", "x"], 20)

    assert {3: State.BYPASSED} == states(frames.tables)


def test_a_hole_between_two_recorded_writes_is_found() -> None:
    """Ranges that come later do not cover what lies between."""
    frames = recorded()
    frames.write("p", "orders", 4, ["d"], 30)
    frames.give("c", "orders", 0, ["a", "b", "c", "x", "d"], 40)

    assert {3: State.BYPASSED} == states(frames.tables)


def test_a_topic_that_was_made_again_is_accounted_for_by_all_its_ranges() -> None:
    """Its offsets begin at 0 once more: a short new range does not hide a long old one."""
    frames = recorded()
    frames.write("p", "orders", 1, ["y"], 30)
    frames.give("c", "orders", 0, ["a", "b", "c"], 40)

    assert {} == states(frames.tables)


def test_what_is_older_than_the_recording_is_no_bypass() -> None:
    """Who wrote it cannot be known."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.give("c", "orders", 0, ["a", "b"], 20)

    assert {0: State.EARLIER, 1: State.EARLIER} == states(frames.tables)


def test_a_topic_whose_creation_was_recorded_begins_at_0() -> None:
    """Nothing in it is older than the recording."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.add("admin", "c", 5, api="CREATE_TOPICS", error_code=0, targets=["orders"])
    frames.give("c", "orders", 0, ["a"], 20)

    assert {0: State.BYPASSED} == states(frames.tables)
    assert [(0, 0)] == begun(frames.tables)


def test_a_creation_that_failed_or_came_later_says_nothing() -> None:
    """The records are older than it."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.add("admin", "c", 5, api="CREATE_TOPICS", error_code=36, targets=["orders"])
    frames.add("admin", "c", 30, api="CREATE_TOPICS", error_code=0, targets=["orders"])
    frames.give("c", "orders", 0, ["a"], 20)

    assert {0: State.EARLIER} == states(frames.tables)


def test_each_topic_of_a_creation_is_judged_by_its_own_answer() -> None:
    """The row tells the first error, which is another topic's."""
    frames = Frames()
    frames.connect("c", "billing")
    answers = '{"name":"old","error_code":36},{"name":"orders","error_code":0}'
    made = {"api": "CREATE_TOPICS", "error_code": 36, "targets": ["old", "orders"]}
    frames.add("admin", "c", 5, response=f'{{"topics":[{answers}]}}', **made)
    frames.give("c", "orders", 0, ["a"], 20)
    frames.give("c", "old", 0, ["a"], 20)
    found = unaccounted(frames.tables).select("topic", "state").collect()

    assert [("old", State.EARLIER), ("orders", State.BYPASSED)] == found.rows()


def test_a_topic_that_may_have_been_made_may_begin_at_0() -> None:
    """What was there when it was first heard of may be old, or younger than the recording."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.add("admin", "c", 5, api="CREATE_TOPICS", error_code=None, targets=["orders"])
    frames.give("c", "orders", 0, ["a"], 20)
    frames.give("c", "orders", 1, ["b"], 30)

    assert {0: State.MAYBE_EARLIER, 1: State.BYPASSED} == states(frames.tables)
    assert [(0, 1)] == begun(frames.tables)


def test_offsets_below_the_first_write_to_a_topic_that_may_have_been_made_are_unseen() -> None:
    """Whoever wrote there past the gateway was not read yet."""
    frames = recorded()
    frames.connect("a", "admin")
    frames.add("admin", "a", 5, api="CREATE_TOPICS", error_code=7, targets=["new"])
    frames.write("p", "new", 2, ["x"], 20)
    counts = unseen_counts(frames.tables).sort("topic").collect()

    assert [("new", 0, 2), ("orders", 0, 0)] == counts.rows()


def test_a_new_partition_begins_at_0() -> None:
    """The last is surely new; those before it may be, unless something was heard of them before."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.give("c", "orders", 0, ["a"], 1)
    request = '{"topics":[{"name":"orders","count":3}]}'
    made = {"api": "CREATE_PARTITIONS", "error_code": 0, "targets": ["orders"]}
    frames.add("admin", "c", 5, request=request, **made)
    for partition in (1, 2):
        frames.give("c", "orders", 0, ["a"], 20)
        for table in ("delivered", "reads"):
            frames.lines[table][-1]["partition"] = partition

    assert [(1, 1), (0, 1), (0, 0)] == begun(frames.tables)
    assert [State.EARLIER, State.MAYBE_EARLIER, State.BYPASSED] == unaccounted(frames.tables).sort(
        "partition"
    ).collect()["state"].to_list()


def test_records_without_an_answer_are_recognised_by_their_content() -> None:
    """Their producer was told no offset (acks=0), so each of them explains one delivery."""
    frames = recorded()
    frames.write("p", "orders", None, ["x", "y"], 20)
    frames.give("c", "orders", 3, ["x", "y", "x"], 30)

    assert {
        3: State.UNANSWERED,
        4: State.UNANSWERED,
        5: State.BYPASSED,
    } == states(frames.tables)


def test_masked_records_cannot_be_recognised() -> None:
    """It may have been one that was sent without an answer: nobody can tell."""
    frames = recorded()
    frames.write("p", "orders", None, ["x"], 20)
    frames.give("c", "orders", 3, ["***"], 30, masked={"card": 1})

    assert {3: State.MAYBE_UNANSWERED} == states(frames.tables)


def test_a_record_that_was_also_delivered_in_clear_is_recognised() -> None:
    """One clear delivery is enough."""
    frames = recorded()
    frames.write("p", "orders", None, ["x"], 20)
    frames.give("c", "orders", 3, ["***"], 30, masked={"card": 1})
    frames.give("c", "orders", 3, ["x"], 40)

    assert {3: State.UNANSWERED} == states(frames.tables)


@pytest.mark.parametrize("kind", ["undecodable", "encrypted"])
def test_unread_records_without_an_answer_may_be_anything(kind: str) -> None:
    """Their content cannot be compared."""
    frames = recorded()
    frames.write("p", "orders", None, [], 20)
    frames.lose(kind, topic="orders", partition=0, is_information=True)
    frames.give("c", "orders", 3, ["x"], 30)

    assert {3: State.MAYBE_UNANSWERED} == states(frames.tables)


@pytest.mark.parametrize(
    ("state", "since", "until"),
    [
        (State.MAYBE_LOST, 15, 25),
        (State.MAYBE_LOST, None, 25),
        (State.MAYBE_LOST, 15, None),
        (State.MAYBE_LOST, None, None),
        (State.BYPASSED, 1, 5),
        (State.BYPASSED, 35, 50),
    ],
)
def test_a_gap_explains_what_was_written_during_it(
    state: State, since: float | None, until: float | None
) -> None:
    """Not what was written before or after: the writes around it and the delivery tell when."""
    frames = recorded()
    frames.write("p", "orders", 4, ["d"], 30)
    frames.give("c", "orders", 3, ["x"], 40)
    frames.lose(
        "sequence_gap",
        since=None if since is None else at(since),
        until=None if until is None else at(until),
    )

    assert {3: state} == states(frames.tables)


def share(frames: Frames, first: int, value: str, second: float = 20) -> None:
    """Give a record by ShareFetch."""
    frames.give("c", "orders", first, [value], second, high_watermark=None, log_start_offset=None)


def test_a_partition_that_was_only_shared_is_older_than_known() -> None:
    """ShareFetch tells no high watermark, so nobody knows where the log ended."""
    frames = Frames()
    frames.connect("c", "billing")
    share(frames, 0, "a")

    assert {0: State.EARLIER} == states(frames.tables)


def test_what_comes_later_to_a_partition_that_was_only_shared_may_be_either() -> None:
    """It lies behind what the first answer brought, and may have been in the log all the time."""
    frames = Frames()
    frames.connect("c", "billing")
    share(frames, 0, "a", 20)
    share(frames, 2, "c", 30)

    assert {0: State.EARLIER, 2: State.MAYBE_EARLIER} == states(frames.tables)
    assert [("orders", 0, 1)] == unseen_counts(frames.tables).collect().rows()


def test_a_topic_that_was_made_and_only_shared_begins_at_0() -> None:
    """No answer tells the end of its log, and none is needed."""
    frames = Frames()
    frames.connect("c", "billing")
    frames.add("admin", "c", 5, api="CREATE_TOPICS", error_code=0, targets=["orders"])
    share(frames, 0, "a")

    assert {0: State.BYPASSED} == states(frames.tables)
    assert [("orders", 0, 0)] == unseen_counts(frames.tables).collect().rows()


def test_offsets_that_nobody_wrote_or_was_given_are_counted() -> None:
    """Between where the partition was first heard of and the end that was last told."""
    frames = recorded()
    frames.give("c", "orders", 5, ["x"], 20, high_watermark=9)
    counts = unseen_counts(frames.tables).collect()

    assert [("orders", 0, 5)] == counts.rows()


def test_what_retention_removed_is_not_unseen() -> None:
    """Below the start of the log there is nothing to see any more."""
    frames = recorded()
    frames.give("c", "orders", 8, ["x"], 20, log_start_offset=7)
    counts = unseen_counts(frames.tables).collect()

    assert [("orders", 0, 1)] == counts.rows()


def test_overlapping_ranges_are_counted_once() -> None:
    """Delivered ranges lie over written ones and over each other."""
    frames = recorded()
    frames.give("c", "orders", 0, ["a", "b", "c", "x"], 20)
    frames.give("c", "orders", 2, ["c", "x"], 30)

    assert [0] == unseen_counts(frames.tables).collect()["unseen"].to_list()
