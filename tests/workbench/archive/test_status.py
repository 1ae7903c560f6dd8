"""What an archive is at a glance."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.event import EventKind
from gateway.evidence.log_check import LogVerification
from tests.workbench.archive.recording import Client, Place, Recording, at, batch, opened
from workbench.archive.status import Status

ALICE = Client(session="s1")
FAULT = Damage(kind=DamageKind.FRAME, message="m", origin="gw", segment="s", byte_offset=0)
TAIL = Damage(kind=DamageKind.OPEN_TAIL, message="m", origin="gw", segment="s", byte_offset=0)

NOTHING = "nothing is: hashes alone show no change by whoever can compute them anew"
COVERED = "up to event 16, by keys of the root example.com/root+1; not yet the newest 3 events"
SIGNED = LogVerification(root_vkey="example.com/root+1", covered_sequence=16, uncovered_events=3)


def status(
    *damages: Damage, gap_counts: dict[str, int] | None = None, is_empty: bool = False
) -> Status:
    """Make the status of an archive."""
    return Status(
        path=Path("/evidence"),
        origins=() if is_empty else ("gw-1", "gw-2"),
        sealed_count=1_234,
        open_count=0 if is_empty else 1,
        stored_bytes=5_000_000,
        event_count=9_000,
        first_at=None if is_empty else datetime(2026, 3, 17, 9, 0, 0, 5, tzinfo=UTC),
        last_at=None if is_empty else datetime(2026, 3, 18, tzinfo=UTC),
        damages=damages,
        logs={} if is_empty else {"gw-1": LogVerification(), "gw-2": SIGNED},
        gap_counts=gap_counts or {},
    )


def test_a_status_sums_up_what_was_loaded(tmp_path: Path) -> None:
    """Segments, events, times, damage and gaps are counted."""
    recording = Recording()
    recording.deliver(ALICE, Place(), b"\xff" * 30)
    recording.end_segment()
    recording.deliver(ALICE, Place(), b"\xff" * 31, batch(b"v"))
    recording.add(EventKind.TORN, byte_count=1)

    found = opened(tmp_path, recording, is_sealed=False).status

    counted = (found.sealed_count, found.open_count, found.event_count, found.undecodable_count)
    assert (1, 1, 5, 2) == counted
    assert ({"undecodable": 2, "torn": 1}, ("gw",)) == (found.gap_counts, found.origins)
    assert (at(0), at(4)) == (found.first_at, found.last_at)
    assert found.is_whole
    sizes = [path.stat().st_size for path in (tmp_path / "archive").rglob("*.arrow.zst*")]
    assert sum(sizes) == found.stored_bytes


def test_an_open_tail_is_no_fault() -> None:
    """An archive that is being written can be whole."""
    assert status(TAIL).is_whole
    assert not status(TAIL, FAULT).is_whole
    assert (FAULT,) == status(TAIL, FAULT).faults


def test_a_terminal_is_told_in_lines() -> None:
    """Each line has one thing to say."""
    text = str(status(gap_counts={"undecodable": 1, "torn": 2, "cut_batch": 1_000}))

    assert [
        "Archive /evidence",
        "  origins    gw-1, gw-2",
        "  segments   1,234 sealed, 1 being written, 5,000,000 bytes",
        "  events     9,000",
        "  time span  2026-03-17 09:00:00 to 2026-03-18 00:00:00 UTC",
        "  chain      whole",
        f"  signed     gw-1: {NOTHING}",
        f"  signed     gw-2: {COVERED}",
        "  batches    1 undecodable batch",
        "  gaps       1,000 cut_batch, 2 torn",
    ] == text.splitlines()


@pytest.mark.parametrize(
    ("damages", "said"),
    [((FAULT,), "DAMAGED: 1 fault, see gaps"), ((FAULT, FAULT), "DAMAGED: 2 faults, see gaps")],
)
def test_damage_is_said_aloud(damages: tuple[Damage, ...], said: str) -> None:
    """Nobody overlooks it."""
    assert said in str(status(*damages))


def test_an_empty_archive_says_so() -> None:
    """Nothing recorded is no error."""
    text = str(status(is_empty=True))

    assert all(said in text for said in ("no events", "1,234 sealed, 5", "0 undecodable batches"))
    assert "origins    none" in text


def test_a_notebook_is_told_in_a_table_that_brings_nothing_along() -> None:
    """No script, no style sheet, and no markup out of a name."""
    found = Status(
        path=Path("/<b>"),
        origins=("<script>",),
        sealed_count=0,
        open_count=0,
        stored_bytes=0,
        event_count=0,
        first_at=None,
        last_at=None,
        damages=(),
        logs={"<i>": LogVerification()},
        gap_counts={},
    )

    html = found.to_html()

    assert "<script>" not in html
    assert "Archive /&lt;b&gt;" in html
    assert 8 == html.count("<tr>")
