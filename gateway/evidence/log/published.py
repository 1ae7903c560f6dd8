"""What a log's folder holds: which leaves its files tell of, and which of the files are wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import DamagedError
from gateway.evidence.log.folder import (
    CHECKPOINT,
    CHECKPOINTS,
    REPLY,
    ROOT,
    STAMPED,
    TIMESTAMPS,
    UNFINISHED,
)
from gateway.evidence.log.merkle import HASH_BYTES, fold, leaf_hash, tree_root
from gateway.evidence.log.tiles import (
    ENTRIES,
    TILE_HEIGHT,
    TILE_WIDTH,
    decode_bundle,
    read_tile,
    tile_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.evidence.log.checkpoint import Checkpoint
    from gateway.evidence.log.folder import LogFolder

# What a tile that is not filled may hold, 1 to 255 hashes, and no other name of an index.
_WIDTH: Final = "([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
_INDEX: Final = "((?:x(?!000)[0-9]{3}/(?:x[0-9]{3}/)*)?[0-9]{3})"
_PARTIAL: Final = re.compile(rf"(.+)\.p/{_WIDTH}")
_TILE: Final = re.compile(rf"tile/({ENTRIES}|[0-9]|[1-5][0-9])/{_INDEX}(?:\.p/{_WIDTH})?")
_KEPT: Final = re.compile(rf"{CHECKPOINTS}/[0-9]{{20}}")
_TIMESTAMP: Final = re.compile(
    rf"{TIMESTAMPS}/([0-9]{{20}})(?:{re.escape(REPLY)}|{re.escape(STAMPED)})"
)


@dataclass(frozen=True, slots=True)
class FileFlaw:
    """A file of the log's folder that is not as it was published, or not there."""

    path: str
    message: str
    is_information: bool = False


class Leaves:
    """The hashes of the leaves of a tree."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        self.hashes = hashes
        self._levels: list[list[bytes]] = [list(hashes)]
        while len(self._levels[-1]) >= TILE_WIDTH:
            below = self._levels[-1]
            whole = len(below) - len(below) % TILE_WIDTH
            self._levels.append(
                [fold(below[at : at + TILE_WIDTH]) for at in range(0, whole, TILE_WIDTH)]
            )

    def root(self, size: int) -> bytes:
        """Return the root over the first leaves."""
        assert 0 <= size <= len(self.hashes), "a tree has no root before its leaves"
        return tree_root(size, self.node)

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a complete subtree."""
        tile_level, above = divmod(level, TILE_HEIGHT)
        hashes = self._levels[tile_level]
        return fold(hashes[index << above : (index + 1) << above])

    def tiles(self) -> Iterator[tuple[int, int, list[bytes]]]:
        """Yield the level, index and hashes of every tile."""
        for level, hashes in enumerate(self._levels):
            for at in range(0, len(hashes), TILE_WIDTH):
                yield level, at // TILE_WIDTH, hashes[at : at + TILE_WIDTH]


class Published:
    """The files of one log as they are now."""

    def __init__(self, folder: LogFolder) -> None:
        self._folder = folder
        self.paths = sorted(
            path.relative_to(folder.directory).as_posix()
            for path in folder.directory.rglob("*")
            if path.is_file()
        )

    def kept_checkpoints(self) -> list[str]:
        """Return the paths of the checkpoints that are kept."""
        return [path for path in self.paths if _KEPT.fullmatch(path)]

    def timestamped_sizes(self) -> list[int]:
        """Return the sizes of which there is a timestamp, or a checkpoint that should have one."""
        found = filter(None, map(_TIMESTAMP.fullmatch, self.paths))
        return sorted({int(match[1]) for match in found})

    def leaves(self, checkpoint: Checkpoint) -> Leaves | None:
        """Return the leaves that lead to a checkpoint's root, None when no file tells them."""
        for tell in (self._tile_leaves, self._bundle_leaves):
            try:
                leaves = Leaves(tell(checkpoint.size))
            except (DamagedError, OSError):
                continue
            is_whole = len(leaves.hashes) == checkpoint.size
            if is_whole and leaves.root(checkpoint.size) == checkpoint.root:
                return leaves
        return None

    def entry(self, index: int, size: int) -> bytes:
        """Return an entry of a log of that size; raises DamagedError and OSError."""
        bundle, place = divmod(index, TILE_WIDTH)
        width = min(size - bundle * TILE_WIDTH, TILE_WIDTH)
        entries = decode_bundle(self._folder.read(tile_path(ENTRIES, bundle, width)))
        if place >= len(entries):
            raise DamagedError("the entry bundle is too short")
        return entries[place]

    def flaws(self, leaves: Leaves) -> Iterator[FileFlaw]:
        """Yield what is wrong with the tiles and entries, given the leaves that they must tell."""
        expected: dict[str, tuple[int | str, list[bytes]]] = {}
        for level, index, hashes in leaves.tiles():
            expected[tile_path(level, index, len(hashes))] = (level, hashes)
            if level == 0:
                expected[tile_path(ENTRIES, index, len(hashes))] = (ENTRIES, hashes)
        for path, (kind, hashes) in expected.items():
            yield from self._flaws_of(path, kind, hashes)
        for path in self.paths:
            if path in expected or path in {CHECKPOINT, ROOT} or _is_signed_apart(path):
                continue
            yield from self._flaws_of_other(path, expected, len(leaves.hashes))

    def _flaws_of(self, path: str, level: int | str, hashes: list[bytes]) -> Iterator[FileFlaw]:
        try:
            content = self._folder.read(path)
            found = (
                list(map(leaf_hash, decode_bundle(content)))
                if level == ENTRIES
                else [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]
            )
        except (DamagedError, OSError) as error:
            yield FileFlaw(path, f"{path} cannot be read: {error}")
            return
        if found != hashes:
            yield FileFlaw(path, f"{path} does not hold what the signed tree says")

    def _flaws_of_other(
        self, path: str, expected: dict[str, tuple[int | str, list[bytes]]], size: int
    ) -> Iterator[FileFlaw]:
        if path.endswith(UNFINISHED):
            message = f"{path} was being written, or was left so by a crash"
            yield FileFlaw(path, message, is_information=True)
            return
        if _leaf_end(path) > size:
            # Tiles come before their checkpoint; a crash may have come between the two.
            message = f"{path} is ahead of the newest checkpoint"
            yield FileFlaw(path, message, is_information=True)
            return
        # An earlier checkpoint's last tiles stay until the tile is whole.
        partial = _PARTIAL.fullmatch(path)
        if partial is not None:
            stem, width = partial[1], int(partial[2])
            whole = next((each for name, each in expected.items() if _stem(name) == stem), None)
            if whole is not None and width < len(whole[1]):
                yield from self._flaws_of(path, whole[0], whole[1][:width])
                return
        yield FileFlaw(path, f"{path} is no file of this log")

    def _tile_leaves(self, size: int) -> list[bytes]:
        hashes: list[bytes] = []
        for index in range(-(-size // TILE_WIDTH)):
            width = min(size - index * TILE_WIDTH, TILE_WIDTH)
            hashes += read_tile(0, index, width, self._folder.read)
        return hashes

    def _bundle_leaves(self, size: int) -> list[bytes]:
        hashes: list[bytes] = []
        for index in range(-(-size // TILE_WIDTH)):
            width = min(size - index * TILE_WIDTH, TILE_WIDTH)
            bundle = self._folder.read(tile_path(ENTRIES, index, width))
            hashes += map(leaf_hash, decode_bundle(bundle))
        return hashes


def _is_signed_apart(path: str) -> bool:
    """Tell by its path whether a file is checked by its own signatures, not by the tree."""
    return bool(_KEPT.fullmatch(path) or _TIMESTAMP.fullmatch(path))


def _leaf_end(path: str) -> int:
    """Return how many leaves a tree has at least that has this tile; 0 for other files."""
    match = _TILE.fullmatch(path)
    if match is None:
        return 0
    index = int(match[2].replace("x", "").replace("/", ""))
    width = int(match[3] or TILE_WIDTH)
    level = 0 if match[1] == ENTRIES else int(match[1])
    return (index * TILE_WIDTH + width) << TILE_HEIGHT * level


def _stem(path: str) -> str:
    partial = _PARTIAL.fullmatch(path)
    return path if partial is None else partial[1]
