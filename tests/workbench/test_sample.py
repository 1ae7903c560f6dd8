"""The sample is a sound archive, the same every time, and its truth is in it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from gateway.evidence.archive import scan
from gateway.evidence.damage import Damage
from gateway.evidence.event import EventKind
from workbench import sample
from workbench.sample.story import tell

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.event import Event


def files(folder: Path) -> dict[str, bytes]:
    """Read every file of a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def events(*kinds: EventKind) -> list[Event]:
    """Collect the sample's events of some kinds."""
    return [row.event for row in tell(bypass=True)[0] if row.event.kind in kinds]


def test_the_same_bytes_are_written_every_time(tmp_path: Path) -> None:
    """Reports about the sample can be compared byte by byte."""
    truths = [sample.write(tmp_path / name) for name in ("one", "two")]

    assert truths[0] == truths[1] == sample.truth()
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_the_archive_is_sound(tmp_path: Path) -> None:
    """No reader finds damage in it, and all events are there."""
    sample.write(tmp_path / "archive")
    found = list(scan(tmp_path / "archive"))

    assert [] == [each for each in found if isinstance(each, Damage)]
    assert len(tell(bypass=True)[0]) == sum(
        each.rows.num_rows for each in found if not isinstance(each, Damage)
    )


def test_every_true_read_was_delivered() -> None:
    """The truth counts what the delivered batches hold, control records aside."""
    delivered = sum(event.record_count or 0 for event in events(EventKind.DELIVERED))
    markers = sum(
        extent.record_count
        for event in events(EventKind.DELIVERED)
        if event.topic == "invoices"
        for extent in event.extents
        if extent.record_count == 1
    )

    assert delivered - markers == len(sample.truth().reads)


def test_the_bypassing_write_is_in_no_recorded_request() -> None:
    """Its offset lies in no answer to a producer, yet a consumer was given it."""
    truth = sample.truth()
    (place,) = truth.bypassing
    written = [
        event
        for event in events(EventKind.PRODUCED)
        if (event.topic, event.partition) == (place.topic, place.partition)
        and (event.first_offset or 0) <= place.offset <= (event.last_offset or 0)
    ]

    assert [] == written
    assert {"fulfilment"} == {
        read.principal.partition("@")[0] for read in truth.reads if read.place == place
    }


def test_without_a_bypass_every_delivered_record_was_recorded_when_written() -> None:
    """This is the sample for answers that may be no."""
    rows, truth = tell(bypass=False)
    kinds = Counter(row.event.kind for row in rows)

    assert () == truth.bypassing
    assert kinds[EventKind.PRODUCED] > 0


def test_the_hidden_reads_are_part_of_the_story() -> None:
    """Records below the requested offset and of an aborted transaction reach clients, too."""
    reads = sample.truth().reads

    assert any(read.is_below_requested for read in reads)
    assert 3 == sum(read.is_aborted for read in reads)


def test_the_injected_order_is_shipped() -> None:
    """A service takes it for real."""
    truth = sample.truth()

    assert truth.injected_reader in {
        read.principal for read in truth.reads if read.place == truth.injected
    }


def test_the_path_is_made_once() -> None:
    """Examples may ask for it as often as they like."""
    assert sample.path() == sample.path()
    assert (sample.path() / "archive.json").exists()
