"""Every file of a log is compared with what the signed tree says it must hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import DamagedError
from gateway.evidence.log.checkpoint import Checkpoint
from gateway.evidence.log.folder import REPLY, STAMPED, UNFINISHED, LogFolder, timestamp_path
from gateway.evidence.log.merkle import leaf_hash
from gateway.evidence.log.published import Leaves, Published
from gateway.evidence.log.tiles import GrowingTree
from tests.gateway.evidence.log.signed import LOG
from tests.gateway.evidence.log.trees import entries, tree_hash

if TYPE_CHECKING:
    from pathlib import Path

SIZES = (250, 260, 300)
ITEMS = entries(SIZES[-1])
CHECKPOINT = Checkpoint(LOG, SIZES[-1], tree_hash(ITEMS))


@pytest.fixture
def folder(tmp_path: Path) -> LogFolder:
    """Publish a log at three sizes."""
    folder = LogFolder(tmp_path)
    tree = GrowingTree()
    for number, item in enumerate(ITEMS, start=1):
        tree.append(item)
        if number in SIZES:
            folder.write(tree.publish())
    return folder


def flaws(folder: LogFolder) -> list[str]:
    """List the files that are wrong."""
    leaves = Leaves(list(map(leaf_hash, ITEMS)))
    return [flaw.path for flaw in Published(folder).flaws(leaves) if not flaw.is_information]


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 300])
def test_leaves_know_the_root_of_every_size(size: int) -> None:
    """Of the whole tree and of all that it was."""
    assert tree_hash(ITEMS[:size]) == Leaves(list(map(leaf_hash, ITEMS))).root(size)


def test_the_leaves_are_found_in_tiles_or_in_entries(folder: LogFolder) -> None:
    """Either tells all of them; without both there is nothing to go by."""
    published = Published(folder)
    found = published.leaves(CHECKPOINT)
    assert found is not None
    assert list(map(leaf_hash, ITEMS)) == list(found.hashes)

    folder.write([("tile/0/000", b"x" * 8192)])
    assert published.leaves(CHECKPOINT) is not None
    folder.write([("tile/entries/000", b"")])
    assert published.leaves(CHECKPOINT) is None


def test_an_honest_folder_has_no_flaws(folder: LogFolder) -> None:
    """The tiles of earlier sizes are right as well."""
    assert [] == flaws(folder)
    assert "tile/0/000.p/250" in Published(folder).paths


def test_every_changed_file_is_named(folder: LogFolder) -> None:
    """Tiles, entries, and what earlier checkpoints left."""
    for path in Published(folder).paths:
        content = folder.read(path)
        for changed in (content[:-1], content + b"\0", bytes([content[0] ^ 1]) + content[1:]):
            folder.write([(path, changed)])
            assert [path] == flaws(folder)
        folder.write([(path, content)])


def test_files_too_many_or_too_few_are_named(folder: LogFolder) -> None:
    """A log holds its own files and no other; one being written is no fault."""
    folder.write([("tile/0/1", b""), ("notes.txt", b""), ("tile/0/001.p/43", b"x" * 32)])
    (folder.directory / "tile" / "0" / "001.p" / "44").unlink()
    (folder.directory / f"checkpoint{UNFINISHED}").write_bytes(b"half")

    assert {
        "tile/0/001.p/44",
        "tile/0/1",
        "tile/0/001.p/43",
        "notes.txt",
    } == set(flaws(folder))


def test_timestamps_are_files_of_the_log(folder: LogFolder) -> None:
    """Whether both files of one are there or not; other names are not."""
    paths = [timestamp_path(300, REPLY), timestamp_path(300, STAMPED), timestamp_path(7, STAMPED)]
    folder.write([(path, b"") for path in (*paths, "timestamps/7.tsr", "timestamps/tsr")])

    assert [7, 300] == Published(folder).timestamped_sizes()
    assert {"timestamps/7.tsr", "timestamps/tsr"} == set(flaws(folder))


def test_an_entry_is_found_by_its_number(folder: LogFolder) -> None:
    """In the bundle of its tile."""
    published = Published(folder)

    assert [ITEMS[0], ITEMS[255], ITEMS[256], ITEMS[299]] == [
        published.entry(index, 300) for index in (0, 255, 256, 299)
    ]
    folder.write([("tile/entries/000", b"")])
    with pytest.raises(DamagedError):
        published.entry(7, 300)


def test_tiles_ahead_of_the_checkpoint_are_no_fault(folder: LogFolder) -> None:
    """They are written first, and a look or a crash may come between."""
    ahead = ("tile/0/001.p/45", "tile/entries/001", "tile/1/000.p/2", "tile/0/x001/000.p/1")
    folder.write([(path, b"x" * 32) for path in ahead])
    leaves = Leaves(list(map(leaf_hash, ITEMS)))
    told = [flaw for flaw in Published(folder).flaws(leaves) if flaw.is_information]

    assert [] == flaws(folder)
    assert set(ahead) == {flaw.path for flaw in told}
    assert all("ahead of the newest checkpoint" in flaw.message for flaw in told)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/001.p/256",
        "tile/entries/001.p/999",
        "tile/0/001.p/0",
        "tile/0/x000/009",
        "tile/0/x000/x001/000",
        "tile/60/000",
    ],
)
def test_what_no_tile_is_called_is_no_tile_ahead(folder: LogFolder, path: str) -> None:
    """Each index has one name, and a tile that is not filled holds less than 256 hashes."""
    folder.write([(path, b"x" * 32)])

    assert [path] == flaws(folder)
