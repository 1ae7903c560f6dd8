"""Checking tombstones: signed by a key of the log, and about what the log says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.block import BlockHeader, BlockKind
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.errors import UNREADABLE_JSON, DamagedError, ProofError
from gateway.evidence.log.folder import LogFolder, log_directory
from gateway.evidence.log.keys import verify_note
from gateway.evidence.log.published import Published
from gateway.evidence.tombstones import TOMBSTONES, read_tombstone, tombstone_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from gateway.evidence.log.keyring import Reign
    from gateway.evidence.log.keys import PublicKey
    from gateway.evidence.log.note import Note
    from gateway.evidence.tombstones import Tombstone


def check_tombstones(
    archive: Path, origin: str, reigns: Sequence[Reign], size: int
) -> Iterator[Damage]:
    """Yield what is wrong with the tombstones of an origin, whose log has that size."""
    files = tombstone_files(archive, origin)
    published = Published(LogFolder(log_directory(archive, origin))) if files else None
    for path in files:
        assert published is not None, "there are tombstones"
        try:
            note, tombstone = read_tombstone(path, origin)
            _check_signature(note, _keys_for(tombstone, reigns), path.name)
            _check_range(tombstone, published, size)
        except (ProofError, DamagedError, OSError) as error:
            yield Damage(
                kind=DamageKind.TOMBSTONE,
                message=str(error),
                origin=origin,
                segment=f"{TOMBSTONES}/{path.name}",
                byte_offset=0,
            )


def _keys_for(tombstone: Tombstone, reigns: Sequence[Reign]) -> list[PublicKey]:
    """Return the keys that were in force when the segment was there, or came later.

    A key that had been replaced before may be in anybody's hands.
    """
    ends = [*(reign.after for reign in reigns[1:]), None]
    return [
        reign.keys[0]
        for reign, end in zip(reigns, ends, strict=False)
        if end is None or end > tombstone.last_block
    ]


def _check_signature(note: Note, keys: Sequence[PublicKey], name: str) -> None:
    if not verify_note(note, keys):
        raise ProofError(f"{name} is not signed by a key of the log that was good then")


def _check_range(tombstone: Tombstone, published: Published, size: int) -> None:
    """Raise DamagedError unless the log says that just these headers were one segment."""
    if not 0 <= tombstone.first_block < tombstone.last_block < size:
        raise DamagedError(f"the log has no headers up to {tombstone.last_block}")
    opening, closing = (
        _header(published, index, size) for index in (tombstone.first_block, tombstone.last_block)
    )
    told = (BlockKind.OPEN, opening.segment, BlockKind.CLOSE, closing.last_sequence)
    expected = (opening.kind, closing.segment, closing.kind, tombstone.last_sequence)
    if told != expected or opening.first_sequence != tombstone.first_sequence:
        raise DamagedError(
            f"headers {tombstone.first_block} to {tombstone.last_block} were not one segment, as "
            "the tombstone says"
        )


def _header(published: Published, index: int, size: int) -> BlockHeader:
    try:
        return msgspec.json.decode(published.entry(index, size), type=BlockHeader)
    except UNREADABLE_JSON as error:
        raise DamagedError(f"entry {index} of the log is no header") from error
