"""A log is published as C2SP tlog-tiles says, and its tiles tell the whole tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.errors import DamagedError
from gateway.evidence.log.merkle import leaf_hash, tree_root
from gateway.evidence.log.tiles import (
    ENTRIES,
    GrowingTree,
    TileNodes,
    decode_bundle,
    encode_bundle,
    tile_path,
)
from tests.gateway.evidence.log.trees import entries, tree_hash

SIZES = [0, 1, 2, 3, 100, 255, 256, 257, 511, 512, 700, 65535, 65536, 65537, 70000]


def grown(size: int) -> tuple[GrowingTree, dict[str, bytes]]:
    """Return a tree of that size, with the files that it was published in."""
    tree = GrowingTree()
    for entry in entries(size):
        tree.append(entry)
    return tree, dict(tree.publish())


def test_a_tree_of_70_000_has_the_specified_tiles() -> None:
    """The example of the specification."""
    _, files = grown(70_000)
    by_level = {
        level: [path for path in files if path.startswith(f"tile/{level}/")]
        for level in (0, 1, 2, 3, ENTRIES)
    }

    assert [274, 2, 1, 0, 274] == [len(paths) for paths in by_level.values()]
    assert "tile/0/273.p/112" == by_level[0][-1]
    assert ["tile/1/000", "tile/1/001.p/17"] == by_level[1]
    assert ["tile/2/000.p/1"] == by_level[2]


def test_a_tree_of_256_has_a_whole_tile_and_one_hash_above_it() -> None:
    """As specified."""
    assert {"tile/entries/000", "tile/0/000", "tile/1/000.p/1"} == set(grown(256)[1])


@pytest.mark.parametrize(
    ("expected", "index", "width"),
    [
        ("tile/0/x001/x234/067", 1_234_067, 256),
        ("tile/0/000", 0, 256),
        ("tile/0/x001/000.p/5", 1000, 5),
    ],
)
def test_an_index_is_written_in_groups_of_three_digits(
    expected: str, index: int, width: int
) -> None:
    """So that no folder is also a file."""
    assert expected == tile_path(0, index, width)


@pytest.mark.parametrize("size", SIZES)
def test_the_tiles_lead_to_the_root(size: int) -> None:
    """That of the growing tree, and that of the definition."""
    tree, files = grown(size)

    assert tree_hash(entries(size)) == tree.root()
    assert tree.root() == tree_root(size, TileNodes(size, files.__getitem__))


@pytest.mark.parametrize("size", [size for size in SIZES if size <= 700])
def test_a_tree_that_is_loaded_grows_on(size: int) -> None:
    """As if it had never been put away."""
    _, files = grown(size)
    tree = GrowingTree.load(size, files.__getitem__)
    for entry in entries(size + 300)[size:]:
        tree.append(entry)

    assert tree_hash(entries(size + 300)) == tree.root()
    published = files | dict(tree.publish())
    assert published == published | grown(size + 300)[1]


def test_only_what_is_new_is_published() -> None:
    """Whole tiles once, the last ones each time they grew."""
    tree, _ = grown(300)
    tree.append(b"one more")

    assert {"tile/0/001.p/45", "tile/1/000.p/1", "tile/entries/001.p/45"} == {
        path for path, _ in tree.publish()
    }


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_is_read_as_it_was_written(items: list[bytes]) -> None:
    """Entries of any length, the empty one too."""
    assert items == decode_bundle(encode_bundle(items))


@pytest.mark.parametrize("content", [b"\x00", b"\x00\x02x", b"\x00\x00\x01", b"\x00\x01"])
def test_a_bundle_that_is_cut_is_damaged(content: bytes) -> None:
    """Within a length or within an entry."""
    with pytest.raises(DamagedError):
        decode_bundle(content)


def test_tiles_that_do_not_fit_each_other_are_not_loaded() -> None:
    """A tile of the wrong size, and a bundle of other entries."""
    _, files = grown(3)

    with pytest.raises(DamagedError, match="has 64 bytes"):
        GrowingTree.load(3, (files | {"tile/0/000.p/3": b"x" * 64}).__getitem__)
    other = encode_bundle([b"forged"] * 3)
    with pytest.raises(DamagedError, match="not that of the last tile"):
        GrowingTree.load(3, (files | {"tile/entries/000.p/3": other}).__getitem__)


def test_entries_hash_to_the_leaves() -> None:
    """What is in a bundle is what the tile is about."""
    _, files = grown(260)
    leaves = b"".join(map(leaf_hash, decode_bundle(files["tile/entries/000"])))

    assert files["tile/0/000"] == leaves
