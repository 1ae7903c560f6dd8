"""An export that is spread over many clients of a principal is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.workbench.frames import Frames
from workbench.questions.bulk_exports import bulk_exports
from workbench.questions.names import host
from workbench.questions.spread import about_spread
from workbench.questions.verdict import Answer
from workbench.questions.volumes import BulkThresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from workbench.tables import Tables


def service() -> Frames:
    """Let a service read ten records every ten seconds, and two others eighty each."""
    frames = Frames()
    frames.connect("p", "producer")
    frames.write("p", "orders", 0, ["a"] * 1_600)
    frames.write("p", "payments", 0, ["c"] * 3_800)
    frames.connect("app", "svc", client_id="app")
    for number, name in enumerate(("bi", "etl")):
        frames.connect(name, name, peer=f"10.0.0.{8 + number}:1", client_id=name)
    for number in range(20):
        frames.give("app", "orders", 10 * number, ["a"] * 10, 10 * number + 1)
        for name in ("bi", "etl"):
            frames.give(name, "orders", 80 * number, ["a"] * 80, 10 * number + 2)
    return frames


def take(
    frames: Frames,
    sizes: Sequence[int],
    address: Callable[[int], str],
    *,
    topic: str = "payments",
    pause: int = 0,
    subject: str | None = "svc",
) -> None:
    """Let a thief read as the service, a little on each connection."""
    for number, size in enumerate(sizes):
        second = 300 + pause * number
        name = f"x{number}"
        frames.connect(name, subject, second, peer=address(number), client_id="app")
        frames.give(name, topic, sum(sizes[:number]), ["c"] * size, second + 1)


def doubts(tables: Tables, *found: str) -> tuple[str, ...]:
    """Tell what is spread, with the usual thresholds."""
    delivered = tables.delivered.with_columns(host=host())
    known = pl.DataFrame({"principal": list(found)}, schema={"principal": pl.String})
    return about_spread(delivered, known, BulkThresholds())


@pytest.mark.parametrize(
    ("count", "size", "address"),
    [
        (20, 190, lambda number: f"10.0.1.{number}:5"),
        (20, 190, lambda number: f"[2001:db8::{number:x}]:5"),
        (4, 190, lambda number: f"10.0.0.1:{number + 10}"),
    ],
    ids=["addresses", "one /64", "the service's own"],
)
def test_much_on_many_connections_is_told(
    count: int, size: int, address: Callable[[int], str]
) -> None:
    """None of them holds enough to be looked at, wherever they come from."""
    frames = service()
    take(frames, [size] * count, address)
    verdict = bulk_exports(frames.tables)
    expected = (
        f"svc@idp was given {count * size:,} records on {count} connections together "
        "in windows of 10s with at least 10 times the usual 10"
    )

    assert (expected,) == doubts(frames.tables)
    assert (Answer.UNKNOWN, True) == (verdict.answer, expected in verdict.because)


def test_much_on_connections_one_after_the_other_is_told() -> None:
    """Each window holds far more than usual, though little in itself."""
    frames = service()
    take(frames, [190] * 6, lambda number: f"10.0.1.{number}:5", pause=20)

    assert doubts(frames.tables)[0].startswith("svc@idp was given 1,140 records on 6 connections")


def test_who_reads_nothing_else_is_compared_with_everybody() -> None:
    """A burst that reaches into the next window is not its own measure."""
    frames = service()
    take(frames, [190] * 19, lambda number: f"10.0.1.{number}:5", subject="copier", pause=1)

    assert doubts(frames.tables)[0].endswith("at least 10 times the usual 80")


def test_much_again_on_many_connections_is_told() -> None:
    """Each reads a few of the records that the service had been given."""
    frames = service()
    take(frames, [15] * 8, lambda number: f"10.0.1.{number}:5", topic="orders", pause=20)

    assert ("svc@idp was given 120 offsets again on later connections together",) == doubts(
        frames.tables
    )
    assert Answer.UNKNOWN == bulk_exports(frames.tables).answer


def test_ordinary_reading_on_several_connections_is_not_told() -> None:
    """A service has a connection for each broker."""
    frames = service()
    take(frames, [9] * 20, lambda number: f"10.0.1.{number}:5", pause=10)

    assert () == doubts(frames.tables)
    assert Answer.NO == bulk_exports(frames.tables).answer


def test_a_single_connection_that_catches_up_is_not_told() -> None:
    """It is measured by others, and was not spread."""
    frames = service()
    frames.give("app", "payments", 0, ["c"] * 300, 400)

    assert () == doubts(frames.tables)


def test_a_principal_of_which_an_export_is_known_is_not_told() -> None:
    """Its export is in the frame."""
    frames = service()
    take(frames, [190] * 20, lambda number: f"10.0.1.{number}:5")

    assert () == doubts(frames.tables, "svc@idp")


def test_those_without_a_principal_are_told_too() -> None:
    """Nobody knows how many they are."""
    frames = service()
    take(frames, [190] * 20, lambda number: f"10.0.1.{number}:5", subject=None)

    assert doubts(frames.tables)[0].startswith("somebody without a principal was given 3,800")


def test_further_principals_are_counted() -> None:
    """The one that was given most is named."""
    frames = service()
    take(frames, [190] * 20, lambda number: f"10.0.1.{number}:5")
    for number in range(5):
        frames.connect(f"y{number}", "etl", peer=f"10.0.2.{number}:5")
        frames.give(f"y{number}", "payments", 190 * number, ["c"] * 190, 500)
    told = doubts(frames.tables)

    assert told[0].startswith("svc@idp was given 3,800 records")
    assert told[0].endswith(", and so was 1 other principal")
