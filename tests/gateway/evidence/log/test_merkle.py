"""Roots and proofs are those of RFC 6962, and nothing but a right proof is accepted."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.errors import ProofError
from gateway.evidence.log.merkle import (
    EMPTY_ROOT,
    check_consistency,
    consistency_path,
    fold,
    inclusion_path,
    leaf_hash,
    root_of_inclusion,
    tree_root,
)
from tests.gateway.evidence.log.trees import entries, node_at, path_of, proof_of, tree_hash

SIZE_MAX = 70


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    """As section 2.1 says."""
    assert hashlib.sha256(b"").digest() == EMPTY_ROOT == tree_root(0, node_at([]))


def test_roots_of_certificate_transparency_are_ours() -> None:
    """Known answers of the reference implementation's tests."""
    leaves = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"]

    assert "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" == (
        tree_root(1, node_at(leaves)).hex()
    )
    assert "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" == (
        tree_root(2, node_at(leaves)).hex()
    )
    assert "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" == (
        tree_root(6, node_at(leaves)).hex()
    )


@pytest.mark.parametrize("size", range(1, SIZE_MAX))
def test_every_root_and_inclusion_proof_is_that_of_the_definition(size: int) -> None:
    """And each leads from its leaf to the root."""
    items = entries(size)
    assert tree_hash(items) == tree_root(size, node_at(items))
    assert tree_hash(items) == fold([leaf_hash(item) for item in items])

    for index in range(size):
        path = inclusion_path(index, size, node_at(items))
        assert path_of(index, items) == path
        assert tree_hash(items) == root_of_inclusion(index, size, leaf_hash(items[index]), path)


@pytest.mark.parametrize("size", range(1, SIZE_MAX))
def test_every_consistency_proof_is_that_of_the_definition(size: int) -> None:
    """And each shows that the tree only grew."""
    items = entries(size)
    for old in range(size + 1):
        path = consistency_path(old, size, node_at(items))
        assert (proof_of(old, items) if old else []) == path
        check_consistency(old, size, tree_hash(items[:old]), tree_hash(items), path)


@given(st.integers(1, SIZE_MAX), st.data())
def test_no_altered_inclusion_proof_is_accepted(size: int, data: st.DataObject) -> None:
    """Another leaf, place, size, hash, length or order leads to another root or to an error."""
    items = entries(size)
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(index, size, node_at(items))
    altered = data.draw(st.sampled_from(alterations(path)))
    other = data.draw(st.integers(0, size + 1))

    for place, proof in ((index, altered), (other, path)):
        if (place, proof) == (index, path):
            continue
        try:
            root = root_of_inclusion(place, size, leaf_hash(items[index]), proof)
        except ProofError:
            continue
        assert tree_hash(items) != root


@given(st.integers(1, SIZE_MAX), st.data())
def test_no_altered_history_is_accepted(size: int, data: st.DataObject) -> None:
    """A tree whose beginning was changed has no proof, whatever the path."""
    items = entries(size)
    old = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, old - 1))
    other = [*items[:changed], b"forged", *items[changed + 1 :]]
    path = data.draw(st.sampled_from(alterations(consistency_path(old, size, node_at(other)))))

    with pytest.raises(ProofError):
        check_consistency(old, size, tree_hash(items[:old]), tree_hash(other), path)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [(2, 1, []), (0, 2, [b"x" * 32]), (2, 2, [b"x" * 32]), (1, 2, []), (1, 2, [b"x" * 32] * 3)],
)
def test_proofs_of_the_wrong_form_are_refused(old: int, new: int, path: list[bytes]) -> None:
    """Shrunk trees, proofs where none is needed, none where one is, and too much of one."""
    items = entries(2)
    with pytest.raises(ProofError):
        check_consistency(old, new, tree_hash(items[:old]), tree_hash(items[:new]), path)


def test_an_empty_tree_begins_every_tree() -> None:
    """But only the empty root is that of the empty tree."""
    root = tree_hash(entries(3))
    check_consistency(0, 3, EMPTY_ROOT, root, [])

    with pytest.raises(ProofError):
        check_consistency(0, 3, root, root, [])


def alterations(path: list[bytes]) -> list[list[bytes]]:
    """Return the path, and what somebody could try instead."""
    return [
        path,
        [*path, b"x" * 32],
        path[:-1],
        path[1:],
        path[::-1],
        *([*path[:at], b"x" * 32, *path[at + 1 :]] for at in range(len(path))),
    ]
