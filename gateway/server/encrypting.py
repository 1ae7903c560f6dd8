"""A journal that seals: what clients sent and were sent never lies on disk in clear.

A session gets its data key with its first payload; the key is in the key folder, durable, before
the event is in the journal. In memory it stays until the session ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from gateway.evidence.encryption.marks import Mark, may_hold_texts, seal_texts, with_mark
from gateway.evidence.encryption.sealed import SEALING_BYTES, DataKey
from gateway.evidence.errors import EncryptionError, JournalError
from gateway.evidence.event import Event, EventKind, Extent
from gateway.wire.errors import WireError
from gateway.wire.records.batch import MAGIC_V2, read_cut_header, read_header

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyrage.x25519 import Recipient

    from gateway.evidence.encryption.folder import KeyFolder
    from gateway.server.recorder import Journal

_OFFSET_MAX = 2**63 - 1


class EncryptingJournal:
    """Seals events, then hands them on to a journal."""

    def __init__(
        self, journal: Journal, folder: KeyFolder, recipients: Sequence[Recipient]
    ) -> None:
        self._journal = journal
        self._folder = folder
        self._recipients = recipients
        self._keys: dict[str, DataKey] = {}

    @property
    def directory_bytes(self) -> int:
        """The bytes that the sealer has not freed yet."""
        return self._journal.directory_bytes

    def append(self, events: Sequence[Event]) -> int:
        """Write events; raises JournalError, also when a key cannot be kept."""
        sequence = self._journal.append([self._sealed(event) for event in events])
        for event in events:
            if event.kind is EventKind.SESSION_CLOSE:
                self._keys.pop(event.session or "", None)
        return sequence

    def close(self) -> None:
        """Sync and end the journal; raises OSError."""
        self._journal.close()

    def _sealed(self, event: Event) -> Event:
        if event.payload:
            return _with_sealed_payload(event, event.payload, self._key(event))
        if event.exchange is not None and event.detail and may_hold_texts(event.detail):
            key = self._key(event)
            sealed = seal_texts(event.detail, key)
            return replace(event, detail=with_mark(sealed, Mark(key.key_id)))
        return event

    def _key(self, event: Event) -> DataKey:
        session = event.session
        assert session is not None, "what clients send and are sent belongs to a session"
        if session not in self._keys:
            self._keys[session] = self._new_key(session)
        return self._keys[session]

    def _new_key(self, session: str) -> DataKey:
        key = DataKey.draw(session)
        try:
            self._folder.keep(session, key, self._recipients)
        except (OSError, EncryptionError) as error:
            # Without its key nobody could ever read what is sealed with it.
            raise JournalError(f"the key of session {session} cannot be kept: {error}") from error
        return key


def _with_sealed_payload(event: Event, payload: memoryview, key: DataKey) -> Event:
    extents = event.extents or (Extent(None, None, 0, len(payload)),)
    batches = list(_divided(payload, extents))
    sealed = b"".join(map(key.seal, batches))
    longer = tuple(
        replace(extent, byte_count=extent.byte_count + SEALING_BYTES) for extent in extents
    )
    mark = _mark(key.key_id, extents, batches)
    return replace(
        event, payload=memoryview(sealed), extents=longer, detail=with_mark(event.detail, mark)
    )


def _divided(payload: memoryview, extents: Sequence[Extent]) -> Iterator[memoryview]:
    start = 0
    for extent in extents:
        yield payload[start : start + extent.byte_count]
        start += extent.byte_count
    assert start == len(payload), "extents fill the payload"


def _mark(key_id: str, extents: Sequence[Extent], batches: Sequence[memoryview]) -> Mark:
    """Say in clear what questions about offsets need to know of the batches' headers."""
    control = []
    unplaced = []
    for position, (extent, batch) in enumerate(zip(extents, batches, strict=True)):
        is_whole = extent.first_offset is not None
        if is_whole and read_header(batch).is_control:
            control.append(position)
        elif (offsets := _unplaced(batch, is_whole=is_whole)) is not None:
            unplaced.append((position, *offsets))
    return Mark(key_id, tuple(control), tuple(unplaced))


def _unplaced(batch: memoryview, *, is_whole: bool) -> tuple[int | None, int] | None:
    """Return which offsets a batch may hold, None where its columns tell it or it holds none."""
    try:
        header = read_header(batch) if is_whole else read_cut_header(batch)
        if header is None:
            return None
        is_set = header.magic < MAGIC_V2 and header.codec != "none"
    except WireError:
        return None, _OFFSET_MAX
    if is_whole and not is_set:
        return None
    return None if is_set else header.base_offset, min(header.last_offset, _OFFSET_MAX)
