"""Reading back what was sealed, and carrying on when nothing else is left of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.block import CloseReason
from gateway.evidence.event import Event, EventKind
from gateway.evidence.journal import journal_files
from gateway.sealer import sealed, sealing
from gateway.sealer.intents import CARRY
from gateway.sealer.sealed import sealed_rows
from gateway.sealer.sealing import Sealer, recover
from tests.gateway.sealer.journals import ORIGIN, blocks, event, options, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

INTENT, EXCHANGE = EventKind.INTENT, EventKind.EXCHANGE
UNKNOWN = EventKind.OUTCOME_UNKNOWN


def seal(folder: Path, *groups: Sequence[Event]) -> None:
    """Make a segment of each group of events."""
    for events in groups:
        writer = record(folder, next_sequence=recover(options(folder)))
        writer.append(events)
        writer.close()
    recover(options(folder))


def sequences(folder: Path, first: int, end: int) -> list[int]:
    """Return the numbers of the rows that are read back."""
    rows = sealed_rows(folder / "archive", ORIGIN, first=first, end=end)
    return [row.sequence for row in rows]


def told(folder: Path) -> list[tuple[str, int]]:
    """Return kind and exchange of every event in the archive."""
    return [
        (row["kind"], row["exchange"])
        for block in blocks(folder)
        for row in block.rows.select(["kind", "exchange"]).to_pylist()
    ]


@pytest.mark.parametrize("first", range(7))
def test_rows_are_read_back_from_any_number_on(tmp_path: Path, first: int) -> None:
    """Whole segments, whole blocks and the rows of a block before the first one are left out."""
    seal(tmp_path, [event()] * 3, [event()], [event()] * 2)

    assert list(range(first, 6)) == sequences(tmp_path, first, 6)


def test_no_start_reads_years(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the journal's folder is gone, the newest events alone are read."""
    monkeypatch.setattr(sealed, "EVENTS_MAX", 2)
    seal(tmp_path, [event()] * 3, [event()] * 2)

    assert [3, 4] == sequences(tmp_path, 0, 5)


def test_what_damage_hides_is_left_out(tmp_path: Path) -> None:
    """It is for readers to tell of damage; a start goes on with what can be read."""
    seal(tmp_path, [event()] * 2, [event()])
    first, _ = sorted((tmp_path / "archive" / ORIGIN / "segments").iterdir())
    first.write_bytes(first.read_bytes()[:1_000])

    assert [2] == sequences(tmp_path, 0, 3)


@pytest.mark.parametrize("is_saved", [True, False])
def test_a_lost_journal_takes_no_answer_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_saved: bool
) -> None:
    """Requests and answers count as the archive has them, when journal and save are older."""
    monkeypatch.setattr(sealing, "BLOCK_SECONDS", 0.0)
    running, left = tmp_path / "running", tmp_path / "left"
    writer = record(running)
    sealer = Sealer(options(running))
    writer.append([event(INTENT, exchange=1), event(INTENT, exchange=2)])
    sealer.step()
    save = (running / "journal" / CARRY).read_bytes()
    writer.append([event(EXCHANGE, exchange=1), event(INTENT, exchange=3)])
    sealer.step()
    shutil.copytree(running, left)
    writer.close()
    sealer.finish(CloseReason.SHUTDOWN)
    for path in journal_files(left / "journal"):
        path.unlink()
    (left / "journal" / CARRY).unlink()
    if is_saved:
        (left / "journal" / CARRY).write_bytes(save)

    assert recover(options(left)) == 6
    assert told(left) == [
        (INTENT, 1),
        (INTENT, 2),
        (EXCHANGE, 1),
        (INTENT, 3),
        (UNKNOWN, 2),
        (UNKNOWN, 3),
    ]


def test_what_was_not_sealed_leaves_no_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that a loss of power took from memory leave no numbers behind, nor open intents."""
    for limit in ("BLOCK_SECONDS", "CHECKPOINT_SECONDS"):
        monkeypatch.setattr(sealing, limit, 1e9)
    running, left = tmp_path / "running", tmp_path / "left"
    writer = record(running)
    sealer = Sealer(options(running))
    writer.append([event(INTENT, exchange=1)])
    monkeypatch.setattr(sealing, "BLOCK_BYTES", 1)
    sealer.step()
    monkeypatch.setattr(sealing, "BLOCK_BYTES", 1_000_000)
    writer.append([event(INTENT, exchange=2)])
    sealer.step()
    shutil.copytree(running, left)
    writer.close()
    sealer.finish(CloseReason.SHUTDOWN)
    for path in journal_files(left / "journal"):
        path.unlink()

    assert recover(options(left)) == 2
    assert told(left) == [(INTENT, 1), (UNKNOWN, 1)]
