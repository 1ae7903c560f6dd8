"""The encrypting journal: what it hands on can be read with the session's key alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.apis.payload import measure
from gateway.evidence.encryption.folder import KeyFolder
from gateway.evidence.encryption.marks import Mark, read_mark, unseal_texts
from gateway.evidence.encryption.recipients import (
    create_identity,
    load_identity,
    parse_recipient,
)
from gateway.evidence.encryption.sealed import SEALING_BYTES, DataKey
from gateway.evidence.errors import JournalError
from gateway.evidence.event import Event, EventKind
from gateway.server.encrypting import EncryptingJournal
from tests.gateway.server.test_recorder import Disk
from tests.gateway.wire.records.test_legacy import make_message, wrap
from tests.workbench.archive.recording import batch, control

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

OFFSET_MAX = 2**63 - 1


class Sealed:
    """An encrypting journal, and the identity that opens what it wrote."""

    def __init__(self, folder: Path) -> None:
        self.disk = Disk()
        self.folder = KeyFolder(folder / "keys")
        self.folder.create()
        self.recipient = parse_recipient(create_identity(folder / "identity"))
        self.identity = load_identity(folder / "identity")
        self.journal = EncryptingJournal(self.disk, self.folder, [self.recipient])

    def write(self, *events: Event) -> list[Event]:
        """Give events to the journal and return what reached the disk for them."""
        before = len(self.disk.events)
        self.journal.append(events)
        return self.disk.events[before:]

    def key(self, session: str = "s1") -> DataKey:
        """Return the key of a session as it was kept."""
        return self.folder.unwrap(session, self.identity)


class Looking(Disk):
    """A journal that notes whether the key of a session was there before its event."""

    def __init__(self, folder: KeyFolder) -> None:
        super().__init__()
        self.folder = folder
        self.had_key: list[bool] = []

    def append(self, events: Sequence[Event]) -> int:
        """Look, then keep the events."""
        self.had_key += [self.folder.has(str(each.session)) for each in events]
        return super().append(events)


@pytest.fixture
def sealed(tmp_path: Path) -> Sealed:
    """Make a journal with a key folder."""
    return Sealed(tmp_path)


def event(
    kind: EventKind = EventKind.DELIVERED, session: str | None = "s1", **more: object
) -> Event:
    """Make an event of a session."""
    blank = Event(kind=kind, wall_ns=1, monotonic_ns=1, session=session)
    return msgspec.structs.replace(blank, **more)


def carrying(*batches: bytes, session: str = "s1", detail: str | None = None) -> Event:
    """Make an event that carries batches, as the gateway measures them."""
    payload = memoryview(b"".join(batches))
    return event(
        session=session,
        detail=detail,
        extents=measure(payload).extents,
        payload=payload,
        byte_count=len(payload),
    )


def parts(stored: Event) -> list[bytes]:
    """Divide a payload by its extents."""
    assert stored.payload is not None
    found, start = [], 0
    for extent in stored.extents:
        found.append(bytes(stored.payload[start : start + extent.byte_count]))
        start += extent.byte_count
    assert start == len(stored.payload)
    return found


def mark_of(stored: Event) -> Mark:
    """Return the mark of an event that has one."""
    mark = read_mark(stored.detail)
    assert mark is not None
    return mark


def test_each_batch_is_sealed_by_itself(sealed: Sealed) -> None:
    """The key opens each, and the columns tell of them what they told before."""
    batches = [batch(b"card 4111", b"x"), batch(b"card 4222", first=2)]
    given = carrying(*batches, detail='{"high_watermark":7}')

    (stored,) = sealed.write(given)

    assert batches == [sealed.key().unseal(each) for each in parts(stored)]
    assert b"card" not in bytes(stored.payload or b"")
    assert [len(each) + SEALING_BYTES for each in batches] == [
        each.byte_count for each in stored.extents
    ]
    assert [(0, 1, 2), (2, 2, 1)] == [
        (each.first_offset, each.last_offset, each.record_count) for each in stored.extents
    ]
    assert given.byte_count == stored.byte_count
    assert Mark(sealed.key().key_id) == mark_of(stored)
    assert '"high_watermark":7' in str(stored.detail)


def test_a_session_has_one_key_and_sessions_have_different_ones(sealed: Sealed) -> None:
    """The same batch is stored once for a session, and shows nothing between two."""
    stored = sealed.write(
        carrying(batch(b"v")), carrying(batch(b"v")), carrying(batch(b"v"), session="s2")
    )

    first, again, other = (parts(each) for each in stored)
    assert first == again
    assert first != other
    assert ["s1", "s2"] == sealed.folder.sessions()
    assert sealed.key("s1").key_id != sealed.key("s2").key_id


def test_the_key_is_kept_before_the_event_that_needs_it(sealed: Sealed) -> None:
    """When the event is on disk, so is its key."""
    looking = Looking(sealed.folder)

    EncryptingJournal(looking, sealed.folder, [sealed.recipient]).append([carrying(batch(b"v"))])

    assert [True] == looking.had_key


def test_a_key_that_cannot_be_kept_stops_recording(sealed: Sealed) -> None:
    """Nothing is recorded that nobody could read, and so nothing passes."""
    sealed.folder.path.rmdir()

    with pytest.raises(JournalError, match="the key of session s1 cannot be kept"):
        sealed.write(carrying(batch(b"v")))

    assert [] == sealed.disk.events


def test_a_session_that_ended_leaves_no_key_in_memory(sealed: Sealed) -> None:
    """What it is opened with from then on is the file alone."""
    sealed.write(carrying(batch(b"v")), event(EventKind.SESSION_CLOSE))

    assert {} == sealed.journal._keys


@pytest.mark.parametrize(
    "given",
    [
        event(EventKind.SESSION_OPEN, detail='{"local":"metadata"}'),
        event(EventKind.RECORDER_START, None, detail='{"metadata":"x"}'),
        event(EventKind.PRODUCE, payload=memoryview(b"")),
        event(EventKind.EXCHANGE, exchange=1, detail='{"request":{"metadata":""}}'),
    ],
)
def test_what_holds_no_content_stays_as_it_is(sealed: Sealed, given: Event) -> None:
    """Timelines need no key, and a session without content has none."""
    assert [given] == sealed.write(given)
    assert [] == sealed.folder.sessions()


def test_texts_of_clients_in_a_detail_are_sealed(sealed: Sealed) -> None:
    """Offsets and names of the same request stay readable."""
    detail = '{"request":{"group_id":"g","offset":7,"committed_metadata":"card 4111"}}'

    (stored,) = sealed.write(event(EventKind.EXCHANGE, exchange=1, detail=detail))

    assert stored.detail is not None
    assert "4111" not in stored.detail
    assert '"group_id":"g","offset":7' in stored.detail
    assert detail == unseal_texts(stored.detail, sealed.key())


@pytest.mark.parametrize(
    ("batches", "control_batches", "unplaced"),
    [
        ([batch(b"a"), control(1, 5, is_abort=True), batch(b"b", first=2)], (1,), ()),
        # The end of an answer: with the header, without it, and no batch at all.
        ([batch(b"a"), batch(b"b" * 99, b"c", first=4)[:-5]], (), ((1, 4, 5),)),
        ([batch(b"a"), batch(b"b" * 99, first=4)[:20]], (), ()),
        ([b"\xff" * 80], (), ((0, None, OFFSET_MAX),)),
        # A compressed message set tells its last offset alone.
        ([wrap(make_message(b"a", offset=3), offset=4)], (), ((0, None, 4),)),
        ([make_message(b"a")], (), ()),
    ],
)
def test_a_mark_tells_what_questions_about_offsets_need(
    sealed: Sealed,
    batches: list[bytes],
    control_batches: tuple[int, ...],
    unplaced: tuple[tuple[int, int | None, int], ...],
) -> None:
    """Without it, a marker would count as a record, and a cut batch as nothing."""
    (stored,) = sealed.write(carrying(*batches))

    mark = mark_of(stored)
    assert control_batches == mark.control
    assert unplaced == mark.unplaced


def test_a_batch_without_extents_is_sealed_as_a_whole(sealed: Sealed) -> None:
    """Rows take it for one run of bytes, and so does the key."""
    (stored,) = sealed.write(event(payload=memoryview(b"card 4111")))

    assert [b"card 4111"] == [sealed.key().unseal(each) for each in parts(stored)]


def test_size_and_end_are_those_of_the_journal(sealed: Sealed) -> None:
    """The gate and the shutdown see through it."""
    sealed.disk.directory_bytes = 7
    sealed.disk.fault = JournalError("full")

    assert 7 == sealed.journal.directory_bytes
    with pytest.raises(JournalError, match="full"):
        sealed.journal.close()
