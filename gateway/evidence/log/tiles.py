"""Tiles: the files in which a log is published, as C2SP tlog-tiles lays them out.

A tile holds up to 256 neighbouring hashes of one level; each hash of a level stands for a whole
tile of the level below. An entry bundle holds the entries behind a tile of level 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import DamagedError
from gateway.evidence.log.merkle import EMPTY_ROOT, HASH_BYTES, fold, leaf_hash, node_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    Read: TypeAlias = Callable[[str], bytes]
    """Returns the content of a file of the log by its path, or raises OSError."""

TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8
ENTRIES: Final = "entries"
ENTRY_BYTES_MAX: Final = 0xFFFF
# A header that was lost before any checkpoint covered it still takes its place.
LOST_ENTRY: Final = b'{"lost":%d}'
_LENGTH_BYTES: Final = 2


def tile_path(level: int | str, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile or, for the level `entries`, of an entry bundle."""
    digits = [f"{index % 1000:03d}"]
    while index >= 1000:  # noqa: PLR2004 - three digits a folder
        index //= 1000
        digits.insert(0, f"x{index % 1000:03d}")
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(digits)}{suffix}"


def is_whole(path: str) -> bool:
    """Tell by its path whether a file is a tile or a bundle that will never change."""
    return path.startswith("tile/") and ".p/" not in path


def edge_paths(size: int) -> Iterator[str]:
    """Yield the paths of the tiles and the bundle that a log of that size has not filled yet."""
    for level in range(_level_count(size)):
        width = (size >> TILE_HEIGHT * level) % TILE_WIDTH
        index = size >> TILE_HEIGHT * (level + 1)
        if width:
            yield tile_path(level, index, width)
            if level == 0:
                yield tile_path(ENTRIES, index, width)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle."""
    assert all(len(entry) <= ENTRY_BYTES_MAX for entry in entries), "the writer bounds its headers"
    return b"".join(len(entry).to_bytes(_LENGTH_BYTES, "big") + entry for entry in entries)


def decode_bundle(content: bytes) -> list[bytes]:
    """Return the entries of a bundle; raises DamagedError."""
    entries = []
    position = 0
    while position < len(content):
        start = position + _LENGTH_BYTES
        position = start + int.from_bytes(content[position:start], "big")
        entries.append(content[start:position])
    if position != len(content) or (entries and start > len(content)):
        raise DamagedError("the entry bundle ends within an entry")
    return entries


class GrowingTree:
    """A tree that grows at its end, held as the last tile of each level and the last bundle."""

    def __init__(self) -> None:
        self.size = 0
        self._levels: list[list[bytes]] = [[]]
        self._entries: list[bytes] = []
        self._whole: list[tuple[str, bytes]] = []

    @classmethod
    def load(cls, size: int, read: Read) -> GrowingTree:
        """Return the tree of that size from its tiles; raises DamagedError and OSError."""
        tree = cls()
        tree.size = size
        tree._levels = [_edge(size, level, read) for level in range(_level_count(size))] or [[]]
        width = size % TILE_WIDTH
        if width:
            bundle = read(tile_path(ENTRIES, size // TILE_WIDTH, width))
            tree._entries = decode_bundle(bundle)
            if [leaf_hash(entry) for entry in tree._entries] != tree._levels[0]:
                raise DamagedError("the last entry bundle is not that of the last tile")
        return tree

    def append(self, entry: bytes) -> None:
        """Let the tree grow by one leaf."""
        assert len(self._entries) == self.size % TILE_WIDTH, "the last bundle fits the size"
        self._entries.append(entry)
        if len(self._entries) == TILE_WIDTH:
            index = self.size // TILE_WIDTH
            self._whole.append((tile_path(ENTRIES, index), encode_bundle(self._entries)))
            self._entries = []
        self._push(0, leaf_hash(entry))
        self.size += 1

    def last_entry(self, read: Read) -> bytes:
        """Return the newest entry of a tree that is not empty; raises DamagedError and OSError."""
        if self._entries:
            return self._entries[-1]
        bundle = dict(self._whole).get(path := tile_path(ENTRIES, self.size // TILE_WIDTH - 1))
        return decode_bundle(bundle or read(path))[-1]

    def root(self) -> bytes:
        """Return the root."""
        root: bytes | None = None
        for hashes in self._levels:
            # From the right: of each tile the subtrees from the smallest on.
            end = len(hashes)
            while end:
                start = end & (end - 1)
                subtree = fold(hashes[start:end])
                root = subtree if root is None else node_hash(subtree, root)
                end = start
        return EMPTY_ROOT if root is None else root

    def publish(self) -> Iterator[tuple[str, bytes]]:
        """Yield each file that is new since the last time: its path and its content."""
        yield from self._whole
        self._whole = []
        for level, hashes in enumerate(self._levels):
            if hashes:
                index = self.size >> TILE_HEIGHT * (level + 1)
                yield tile_path(level, index, len(hashes)), b"".join(hashes)
        if self._entries:
            path = tile_path(ENTRIES, self.size // TILE_WIDTH, len(self._entries))
            yield path, encode_bundle(self._entries)

    def _push(self, level: int, hash_: bytes) -> None:
        if level == len(self._levels):
            self._levels.append([])
        hashes = self._levels[level]
        hashes.append(hash_)
        if len(hashes) == TILE_WIDTH:
            index = self.size >> TILE_HEIGHT * (level + 1)
            self._whole.append((tile_path(level, index), b"".join(hashes)))
            self._levels[level] = []
            self._push(level + 1, fold(hashes))


class TileNodes:
    """The hashes of complete subtrees of a tree of some size, read from its tiles."""

    def __init__(self, size: int, read: Read) -> None:
        self._size = size
        self._read = read
        self._tiles: dict[tuple[int, int], list[bytes]] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Return a hash; raises DamagedError and OSError."""
        tile_level, above = divmod(level, TILE_HEIGHT)
        first = index << above
        hashes = self._tile(tile_level, first // TILE_WIDTH)
        start = first % TILE_WIDTH
        return fold(hashes[start : start + (1 << above)])

    def _tile(self, level: int, index: int) -> list[bytes]:
        if (level, index) not in self._tiles:
            count = (self._size >> TILE_HEIGHT * level) - index * TILE_WIDTH
            width = min(count, TILE_WIDTH)
            self._tiles[level, index] = read_tile(level, index, width, self._read)
        return self._tiles[level, index]


def read_tile(level: int, index: int, width: int, read: Read) -> list[bytes]:
    """Return the hashes of a tile; raises DamagedError and OSError."""
    path = tile_path(level, index, width)
    content = read(path)
    if len(content) != width * HASH_BYTES:
        raise DamagedError(f"{path} has {len(content)} bytes, not {width * HASH_BYTES}")
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]


def _level_count(size: int) -> int:
    return (size.bit_length() + TILE_HEIGHT - 1) // TILE_HEIGHT


def _edge(size: int, level: int, read: Read) -> list[bytes]:
    width = (size >> TILE_HEIGHT * level) % TILE_WIDTH
    if not width:
        return []
    return read_tile(level, size >> TILE_HEIGHT * (level + 1), width, read)
