"""Open intents: which requests got no answer, across journal files that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.errors import JournalError
from gateway.evidence.event import Event, EventKind
from gateway.evidence.rows import Row
from gateway.sealer.intents import CARRY, EVENTS_UNSAVED_MAX, OpenIntents
from tests.gateway.sealer.journals import BOOT, event

if TYPE_CHECKING:
    from pathlib import Path

INTENT, PRODUCE, PRODUCED = EventKind.INTENT, EventKind.PRODUCE, EventKind.PRODUCED
EXCHANGE, UNKNOWN = EventKind.EXCHANGE, EventKind.OUTCOME_UNKNOWN


def follow(intents: OpenIntents, *events: Event, start: int = 0) -> None:
    """Show the events as rows of a journal."""
    for sequence, each in enumerate(events, start):
        intents.follow(Row(sequence, BOOT, each))


def unknown(intents: OpenIntents) -> list[Event]:
    """Return the events that recovery would record."""
    return intents.unknown_outcomes(wall_ns=5, monotonic_ns=6)


def open_parts(intents: OpenIntents) -> list[tuple[int | None, int | None]]:
    """Return exchange and partition of each open intent."""
    return [(each.exchange, each.partition) for each in unknown(intents)]


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        ([], []),
        ([(INTENT, 1, None)], [(1, None)]),
        ([(INTENT, 1, None), (EXCHANGE, 1, None)], []),
        ([(INTENT, 1, None), (INTENT, 2, None), (EXCHANGE, 2, None)], [(1, None)]),
        ([(PRODUCE, 1, 0), (PRODUCE, 1, 1)], [(1, 0), (1, 1)]),
        ([(PRODUCE, 1, 0), (PRODUCE, 1, 1), (PRODUCED, 1, 1)], [(1, 0)]),
        ([(PRODUCE, 1, 0), (PRODUCED, 1, 0)], []),
        ([(PRODUCE, 1, 0), (PRODUCE, 1, 1), (EXCHANGE, 1, None)], []),
        ([(PRODUCE, 1, 0), (UNKNOWN, 1, 0)], []),
        ([(PRODUCED, 1, 0), (EXCHANGE, 1, None), (EventKind.DELIVERED, 1, 0)], []),
    ],
)
def test_an_intent_is_open_until_it_is_answered(
    tmp_path: Path,
    story: list[tuple[EventKind, int, int | None]],
    expected: list[tuple[int, int | None]],
) -> None:
    """An answer closes its exchange, `produced` and `outcome_unknown` their topic-partition."""
    intents = OpenIntents(tmp_path)
    follow(intents, *(event(kind, exchange=n, partition=part) for kind, n, part in story))

    assert open_parts(intents) == expected


def test_an_unknown_outcome_repeats_what_was_asked(tmp_path: Path) -> None:
    """It carries the intent's columns and names it, but not its payload, and invents nothing."""
    intents = OpenIntents(tmp_path)
    asked = event(PRODUCE, exchange=3, partition=1, payload=b"records")
    follow(intents, asked, start=41)
    [found] = unknown(intents)

    assert found == msgspec.structs.replace(
        asked,
        kind=UNKNOWN,
        wall_ns=5,
        monotonic_ns=6,
        payload=None,
        detail='{"intent":{"kind":"produce","sequence":41,"boot_id":"boot"}}',
    )
    assert found.error_code is None


def test_open_intents_outlive_their_journal_files(tmp_path: Path) -> None:
    """What was saved is known to the next process, which reads on where that one stood."""
    first = OpenIntents(tmp_path)
    follow(first, event(INTENT, exchange=1), event(PRODUCE, exchange=2, partition=0))
    first.save()
    second = OpenIntents(tmp_path)

    assert second.next_sequence == 2
    assert unknown(second) == unknown(first)


def test_what_was_followed_before_changes_nothing(tmp_path: Path) -> None:
    """An answer that was saved counts, even when the journal has lost it and not its intent."""
    first = OpenIntents(tmp_path)
    asked = [event(INTENT, exchange=1), event(INTENT, exchange=2)]
    follow(first, *asked, event(EXCHANGE, exchange=1))
    first.save()
    second = OpenIntents(tmp_path)
    follow(second, *asked)

    assert open_parts(second) == [(2, None)]


@pytest.mark.parametrize(
    ("more", "is_written"),
    [
        (event(EventKind.DELIVERED, exchange=2), False),
        (event(EXCHANGE, exchange=2), False),
        (event(PRODUCED, exchange=2, partition=0), False),
        (event(EXCHANGE, exchange=1), True),
        (event(PRODUCED, exchange=1), True),
        (event(INTENT, exchange=2), True),
    ],
)
def test_nothing_is_saved_without_a_change(
    tmp_path: Path, more: Event, *, is_written: bool
) -> None:
    """Saving costs two syncs, so reading alone must not cause it; a change always does."""
    intents = OpenIntents(tmp_path)
    follow(intents, event(INTENT, exchange=1))
    intents.save()
    (tmp_path / CARRY).unlink()
    intents.save()
    follow(intents, more, start=1)
    intents.save()

    assert (tmp_path / CARRY).exists() == is_written


def test_traffic_without_intents_is_saved_now_and_then(tmp_path: Path) -> None:
    """A start reads back what was sealed since the last save: never the work of months."""
    intents = OpenIntents(tmp_path)
    follow(intents, *[event()] * (EVENTS_UNSAVED_MAX - 1))
    intents.save()
    is_early = (tmp_path / CARRY).exists()
    follow(intents, event(), start=EVENTS_UNSAVED_MAX - 1)
    intents.save()
    second = OpenIntents(tmp_path)
    (tmp_path / CARRY).unlink()
    follow(second, event(), start=EVENTS_UNSAVED_MAX)
    second.save()

    assert (False, EVENTS_UNSAVED_MAX + 1) == (is_early, second.next_sequence)
    assert not (tmp_path / CARRY).exists()


def test_saving_twice_replaces_the_first(tmp_path: Path) -> None:
    """The newest save counts, also when it says that nothing is open."""
    intents = OpenIntents(tmp_path)
    follow(intents, event(INTENT, exchange=1))
    intents.save()
    follow(intents, event(EXCHANGE, exchange=1), start=1)
    intents.save()

    assert open_parts(OpenIntents(tmp_path)) == []
    assert [path.name for path in tmp_path.iterdir()] == [CARRY]


@pytest.mark.parametrize("content", [b"", b"\xc1", msgspec.msgpack.encode({"format": 2})])
def test_an_unreadable_save_stops_everything(tmp_path: Path, content: bytes) -> None:
    """Going on would forget open intents, so the operator must say so."""
    (tmp_path / CARRY).write_bytes(content)
    with pytest.raises(JournalError, match="move it away to go on without them"):
        OpenIntents(tmp_path)


def test_a_save_that_fails_leaves_the_last_one(tmp_path: Path) -> None:
    """A full disk must not cost what was saved before."""
    intents = OpenIntents(tmp_path)
    follow(intents, event(INTENT, exchange=1))
    intents.save()
    (tmp_path / CARRY).with_suffix(".tmp").mkdir()
    follow(intents, event(INTENT, exchange=2), start=1)
    with pytest.raises(OSError, match="directory"):
        intents.save()

    assert open_parts(OpenIntents(tmp_path)) == [(1, None)]
