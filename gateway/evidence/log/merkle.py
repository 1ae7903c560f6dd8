"""The Merkle tree of RFC 6962: hashes, roots and proofs over SHA-256.

A tree of any size is told by a `NodeAt`: the hash of each complete subtree, by its level (0 for
leaves) and its place in that level.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from gateway.evidence.errors import ProofError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    NodeAt: TypeAlias = Callable[[int, int], bytes]

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
# A tree of 2^63 leaves has no longer path.
PATH_LENGTH_MAX: Final = 63


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two neighbours (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_root(size: int, node_at: NodeAt) -> bytes:
    """Return the root of the first leaves."""
    return _range_hash(0, size, node_at) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, node_at: NodeAt) -> list[bytes]:
    """Return the proof that a leaf is in a tree of that size (RFC 6962 section 2.1.1)."""
    assert 0 <= index < size, "only what is in the tree has a path"
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(middle, end, node_at))
            end = middle
        else:
            path.append(_range_hash(start, middle, node_at))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int, node_at: NodeAt) -> list[bytes]:
    """Return the proof that a tree only grew between two sizes (RFC 6962 section 2.1.2)."""
    assert 0 <= old <= new, "a tree does not shrink"
    if old in {0, new}:
        return []
    path: list[bytes] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range_hash(middle, end, node_at))
            end = middle
        else:
            path.append(_range_hash(start, middle, node_at))
            start = middle
    # The verifier knows the old root, so that is not sent when it is a subtree by itself.
    if start:
        path.append(_range_hash(start, end, node_at))
    return path[::-1]


def root_of_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to (RFC 9162, Verifying an Inclusion Proof).

    Raises ProofError when the proof has not the length that it must have.
    """
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    node, last, root = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError("the inclusion proof is too long")
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the inclusion proof is too short")
    return root


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> None:
    """Raise ProofError unless the path shows that the new tree begins with the old one.

    RFC 9162, Verifying Consistency between Two Tree Heads.
    """
    if old > new:
        raise ProofError(f"a tree of {new} leaves cannot follow one of {old}")
    if old in {0, new}:
        is_same = old_root == (new_root if old else EMPTY_ROOT)
        if path or not is_same:
            raise ProofError("two trees of one size have different roots, or a proof too many")
        return
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    hashes = list(path)
    if node == 0:
        # The old tree is a subtree of the new one, so its root is not sent.
        hashes.insert(0, old_root)
    if not hashes or _climb(hashes, node, last) != (old_root, new_root):
        raise ProofError("the consistency proof does not lead to both roots")


def _climb(hashes: Sequence[bytes], node: int, last: int) -> tuple[bytes, bytes]:
    """Return the old and the new root that a consistency proof leads to."""
    old_seen = new_seen = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofError("the consistency proof is too long")
        if node & 1 or node == last:
            old_seen, new_seen = node_hash(sibling, old_seen), node_hash(sibling, new_seen)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new_seen = node_hash(new_seen, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the consistency proof is too short")
    return old_seen, new_seen


def fold(hashes: Sequence[bytes]) -> bytes:
    """Return the root over some neighbouring subtrees of one size, at least one."""
    assert hashes, "nothing has no root"
    return _range_hash(0, len(hashes), lambda level, index: _subtree(hashes, level, index))


def _subtree(hashes: Sequence[bytes], level: int, index: int) -> bytes:
    row = list(hashes[index << level : (index + 1) << level])
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def _split(count: int) -> int:
    """Return the largest power of two below the count."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_hash(start: int, end: int, node_at: NodeAt) -> bytes:
    """Return the hash over leaves; the start is where the tree splits, as everywhere above."""
    count = end - start
    level = count.bit_length() - 1
    if count == 1 << level:
        return node_at(level, start >> level)
    middle = start + _split(count)
    return node_hash(_range_hash(start, middle, node_at), _range_hash(middle, end, node_at))
