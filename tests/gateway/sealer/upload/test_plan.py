"""What is to be in the bucket, and in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.block import CloseReason
from gateway.evidence.bucket.mirror import is_partial_tile, listed_of
from gateway.evidence.log.folder import CHECKPOINT, log_directory
from gateway.evidence.log.tiles import ENTRIES, tile_path
from gateway.evidence.sums import LIST
from gateway.sealer.sealing import Sealer
from gateway.sealer.upload.plan import MovingError, _read_edge, plan
from tests.gateway.sealer.journals import ORIGIN, event, options, record
from tests.gateway.sealer.upload.uploads import files, seal
from tests.gateway.witness.logs import GrowingLog

if TYPE_CHECKING:
    from pathlib import Path


def test_everything_is_planned_and_the_checkpoint_last(tmp_path: Path) -> None:
    """Behind it only the list of files that names it, when recording has ended."""
    seal(tmp_path)
    planned = [item.path for item in plan(tmp_path / "archive", ORIGIN)]

    assert [f"{ORIGIN}/log/{CHECKPOINT}", f"{ORIGIN}/{LIST}"] == planned[-2:]
    assert files(tmp_path / "archive") == {path for path in planned if ".p/" not in path}
    assert len(planned) == len(set(planned))


def test_what_the_list_of_files_names_is_planned(tmp_path: Path) -> None:
    """Tiles that led up to the last, too: whoever checks the list with coreutils needs them."""
    seal(tmp_path)
    listed = listed_of((tmp_path / "archive" / ORIGIN / LIST).read_bytes())
    planned = {item.path for item in plan(tmp_path / "archive", ORIGIN)}

    assert {f"{ORIGIN}/{path}" for path in listed} <= planned | {f"{ORIGIN}/../archive.json"}
    assert any(is_partial_tile(path) for path in listed)


def test_a_checkpoint_beside_an_old_list_is_looked_at_again(tmp_path: Path) -> None:
    """One of the two was being written."""
    seal(tmp_path)
    checkpoint = tmp_path / "archive" / ORIGIN / "log" / CHECKPOINT
    checkpoint.write_bytes(checkpoint.read_bytes() + b"\n")
    with pytest.raises(MovingError):
        list(plan(tmp_path / "archive", ORIGIN))


def test_an_open_segment_is_planned(tmp_path: Path) -> None:
    """What was recorded in the last minutes is copied, too, and again while it grows."""
    writer = record(tmp_path)
    writer.append([event()])
    sealer = Sealer(options(tmp_path))
    sealer._drain(CloseReason.TIME)
    planned = {item.path: item for item in plan(tmp_path / "archive", ORIGIN)}
    writer.close()
    sealer.finish(CloseReason.SHUTDOWN)
    opened = f"{ORIGIN}/segments/{0:020d}.arrow.zst.partial"

    assert planned[opened].is_changing
    assert f"{ORIGIN}/log/{CHECKPOINT}" == list(planned)[-1]


def test_a_tile_that_was_filled_meanwhile_is_cut_from_the_whole_one(tmp_path: Path) -> None:
    """The log drops what led up to a whole tile, and a checkpoint of before still needs it."""
    log = GrowingLog(tmp_path / "archive" / ORIGIN)
    log.grow(3)
    paths = [tile_path(0, 0, 3), tile_path(ENTRIES, 0, 3)]
    before = [log.folder.read(path) for path in paths]
    log.grow(300)

    assert not (log_directory(tmp_path / "archive", ORIGIN) / paths[0]).exists()
    assert before == [_read_edge(log.folder, path) for path in paths]


def test_an_archive_without_a_checkpoint_yet_is_planned(tmp_path: Path) -> None:
    """Between the first block and the first signature."""
    seal(tmp_path)
    (log_directory(tmp_path / "archive", ORIGIN) / CHECKPOINT).unlink()
    (tmp_path / "archive" / ORIGIN / LIST).unlink()
    planned = [item.path for item in plan(tmp_path / "archive", ORIGIN)]

    assert planned
    assert not any(path.endswith(f"log/{CHECKPOINT}") or ".p/" in path for path in planned)
