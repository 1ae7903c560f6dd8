"""Turning a segment into its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from gateway.evidence.event import EventKind
from gateway.evidence.reader import Block, read_segment
from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import Client, Place, Recording, batch, segment_files
from workbench.archive.conversion import Conversion, Newest, Summary
from workbench.archive.files import SCHEMAS

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")
BOB = Client(session="s2", subject="bob")
NOBODY = Client(session="s3", subject=None)


def convert(folder: Path, recording: Recording) -> Summary:
    """Convert the only segment of a recording into the folder."""
    recording.write(folder / "archive")
    (segment,) = segment_files(folder)
    conversion = Conversion(folder, origin="gw", segment=segment.name, store=5)
    for found in read_segment(segment):
        assert isinstance(found, Block)
        conversion.add(found)
    return conversion.finish()


def test_every_file_is_written_with_its_columns(tmp_path: Path) -> None:
    """Also what a segment has nothing of has its file."""
    recording = Recording()
    recording.add(EventKind.RECORDER_START)

    convert(tmp_path, recording)

    for name, schema in SCHEMAS.items():
        assert schema == pq.read_schema(tmp_path / f"{name}.parquet").remove_metadata(), name


def test_a_segment_is_summed_up(tmp_path: Path) -> None:
    """Its times, its principals and its gaps are known without reading its files."""
    recording = Recording()
    recording.produce(ALICE, Place(), batch(b"v"))
    recording.end_block()
    recording.deliver(BOB, Place(), batch(b"v"), b"\xff" * 20)
    recording.deliver(NOBODY, Place(), batch(b"v"))
    recording.set_time(0, 3_600_000)
    recording.set_time(2, -1)

    summary = convert(tmp_path, recording)

    assert (
        Summary(
            event_count=7,
            first_us=recording.events[2].wall_ns // 1000,
            last_us=recording.events[0].wall_ns // 1000,
            newest=Newest(
                sequence=6,
                kind="exchange",
                time_us=recording.events[6].wall_ns // 1000,
                earlier_us=recording.events[0].wall_ns // 1000,
            ),
            gap_counts={"undecodable": 1},
            has_lost_batch=False,
            producers=["alice@idp"],
            consumers=["bob@idp"],
        )
        == summary
    )


def test_details_are_kept_where_they_are_told(tmp_path: Path) -> None:
    """What stands in columns is not stored twice."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE, detail={"local": "h"})
    recording.add(EventKind.INTENT, ALICE, api_key=ApiKey.CREATE_TOPICS, detail={"request": {}})
    recording.ask(ALICE, ApiKey.CREATE_TOPICS, {})

    convert(tmp_path, recording)

    details = pq.read_table(tmp_path / "events.parquet")["detail"].to_pylist()
    assert [True, False, False] == [detail is None for detail in details]


def test_no_payload_is_among_the_events(tmp_path: Path) -> None:
    """Batches are listed by their digest and number; their bytes stay in the archive."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(b"secret-payload"))

    convert(tmp_path, recording)

    assert b"secret-payload" not in (tmp_path / "events.parquet").read_bytes()
    batches = pq.read_table(tmp_path / "batches.parquet").to_pylist()
    assert [(5, 0, "records")] == [(b["store"], b["number"], b["state"]) for b in batches]
