"""Trees in memory, by RFC 6962's own recursive words: slow, and of another make than ours."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def entries(count: int) -> list[bytes]:
    """Return that many different entries."""
    return [b"entry %d" % number for number in range(count)]


def tree_hash(items: Sequence[bytes]) -> bytes:
    """Return MTH (section 2.1)."""
    if not items:
        return hashlib.sha256(b"").digest()
    if len(items) == 1:
        return hashlib.sha256(b"\x00" + items[0]).digest()
    split = split_of(len(items))
    left, right = tree_hash(items[:split]), tree_hash(items[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def path_of(index: int, items: Sequence[bytes]) -> list[bytes]:
    """Return PATH (section 2.1.1)."""
    if len(items) == 1:
        return []
    split = split_of(len(items))
    if index < split:
        return [*path_of(index, items[:split]), tree_hash(items[split:])]
    return [*path_of(index - split, items[split:]), tree_hash(items[:split])]


def proof_of(old: int, items: Sequence[bytes], *, is_whole: bool = True) -> list[bytes]:
    """Return PROOF and SUBPROOF (section 2.1.2)."""
    if old == len(items):
        return [] if is_whole else [tree_hash(items)]
    split = split_of(len(items))
    if old <= split:
        return [*proof_of(old, items[:split], is_whole=is_whole), tree_hash(items[split:])]
    return [*proof_of(old - split, items[split:], is_whole=False), tree_hash(items[:split])]


def split_of(count: int) -> int:
    """Return the largest power of two below the count."""
    split = 1
    while split * 2 < count:
        split *= 2
    return split


def node_at(items: Sequence[bytes]) -> Callable[[int, int], bytes]:
    """Return the hashes of complete subtrees of the tree over these entries."""
    return lambda level, index: tree_hash(items[index << level : (index + 1) << level])
