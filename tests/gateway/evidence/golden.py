"""The golden archive: a small one of every version of the format, to be readable for ever.

`python -m tests.gateway.evidence.golden` writes it where it does not exist yet. A version that was
released is never written again: its bytes are what the test is about.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec.structs import replace as changed

from gateway.evidence.event import Event, EventKind, Extent, Masked
from gateway.evidence.log.folder import CHECKPOINT, LogFolder, log_directory
from gateway.evidence.log.note import decode_note
from gateway.evidence.rows import Row, torn_event
from gateway.evidence.writer import ArchiveWriter
from gateway.wire.records.encode import encode_batch
from gateway.wire.records.record import Record
from tests.gateway.evidence.log.signed import (
    RECORDER,
    START_S,
    WITNESS,
    certificate,
    ed25519,
    signing,
)
from tests.gateway.evidence.samples import BOOT, ORIGIN, START_NS, options, write_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from gateway.evidence.segment import SealOptions

GOLDEN = Path(__file__).parents[2] / "golden" / "archive-v2"
FIRST_GOLDEN = GOLDEN.with_name("archive-v1")
"""Of the format that had no log yet."""
OTHER_ORIGIN = "gateway-2"
OTHER_LOG = "example.com/gateway-2"
NEW = ed25519("example.com/gateway-1", 4)
MS_NS = 1_000_000
CARDS = encode_batch(
    [
        Record(offset=41, timestamp_ms=1_790_000_000_000, key=b"1", value=b'{"card":"4111"}'),
        Record(offset=42, timestamp_ms=1_790_000_000_001, key=b"2", value=None),
    ]
)
OTHER = encode_batch([Record(offset=0, timestamp_ms=1_790_000_000_002, key=None, value=b"x")])
CUT = OTHER[:20]
TORN = b"\x07\x00\x00\x00torn"
BUNDLE = bytes(range(32))


_SESSION = Event(
    kind=EventKind.SESSION_OPEN,
    wall_ns=START_NS,
    monotonic_ns=1_000,
    session="session-1",
    listener="clients",
    peer="192.0.2.7:51000",
    node_id=1,
)
_KNOWN = changed(
    _SESSION,
    issuer="https://login.example",
    subject="mallory",
    groups=("analysts", "staff"),
    client_id="console-consumer",
)
_PRODUCE = changed(
    _KNOWN, exchange=1, api_key=0, api_version=11, correlation_id=7, decision="allow"
)
_FETCH = changed(_PRODUCE, exchange=2, api_version=17, api_key=1, correlation_id=8)
_DELETE = changed(_PRODUCE, exchange=3, api_version=6, api_key=20, correlation_id=9)
_CARDS = {"topic": "cards", "topic_id": "AAAAAAAAAAAAAAAAAAAAAQ", "partition": 0}
_READ = changed(
    _FETCH,
    kind=EventKind.DELIVERED,
    **_CARDS,
    requested_offset=42,
    first_offset=41,
    last_offset=42,
    record_count=2,
    byte_count=len(CARDS) + len(CUT),
    error_code=0,
    decision="mask",
    rule_ids=("mask-cards",),
    bundle_digest=BUNDLE,
    approval_id="approval-1",
    masked=(Masked("$.card", "redact", 1),),
    detail='{"isolation_level":0}',
    extents=(Extent(41, 42, 2, len(CARDS)), Extent(None, None, 0, len(CUT))),
    payload=memoryview(CARDS + CUT),
)
_STORY = (
    changed(_SESSION, kind=EventKind.RECORDER_START, session=None, peer=None, node_id=None),
    _SESSION,
    changed(_KNOWN, kind=EventKind.SESSION_AUTHENTICATED, detail='{"mechanism":"PLAIN"}'),
    changed(
        _PRODUCE,
        kind=EventKind.PRODUCE,
        **_CARDS,
        record_count=1,
        byte_count=len(OTHER),
        extents=(Extent(0, 0, 1, len(OTHER)),),
        payload=memoryview(OTHER),
    ),
    changed(
        _PRODUCE, kind=EventKind.PRODUCED, **_CARDS, first_offset=43, last_offset=43, error_code=0
    ),
    changed(_PRODUCE, kind=EventKind.EXCHANGE, error_code=0, detail='{"request":{"acks":-1}}'),
    _READ,
    changed(_READ, requested_offset=41),
    changed(_DELETE, kind=EventKind.INTENT, detail='{"request":{"topic_names":["cards"]}}'),
    changed(_DELETE, kind=EventKind.OUTCOME_UNKNOWN, detail='{"intent":{"sequence":8}}'),
    changed(_SESSION, kind=EventKind.SESSION_REJECTED, detail='{"reason":"bad_password"}'),
    changed(_KNOWN, kind=EventKind.PROTOCOL_ERROR, detail='{"side":"client"}'),
    torn_event(TORN, wall_ns=START_NS, monotonic_ns=1_000, detail='{"position":99}'),
    changed(_KNOWN, kind=EventKind.SESSION_CLOSE, detail='{"reason":"client_closed"}'),
    changed(_SESSION, kind=EventKind.HEARTBEAT, session=None, peer=None, node_id=None),
    changed(
        _SESSION,
        kind=EventKind.CLOCK_STEP,
        session=None,
        peer=None,
        node_id=None,
        detail='{"step_ns":-250000000}',
    ),
    changed(_SESSION, kind=EventKind.RECORDER_STOP, session=None, peer=None, node_id=None),
)


def story(*, without: Collection[EventKind] = ()) -> list[Row]:
    """Return the rows of the first origin, each a millisecond after the one before it."""
    events = [event for event in _STORY if event.kind not in without]
    return [
        Row(
            number,
            BOOT,
            changed(event, wall_ns=START_NS + number * MS_NS, monotonic_ns=number * MS_NS),
        )
        for number, event in enumerate(events)
    ]


FIRST_STORY = story(without={EventKind.HEARTBEAT, EventKind.CLOCK_STEP})
"""What the first golden archive tells."""


def write_golden(folder: Path) -> None:
    """Write the archive: two segments of one origin, with a change of key, one of another.

    A witness has cosigned the first origin's log.
    """
    rows = story()
    with TemporaryDirectory() as memory:
        first = signing(Path(memory))
        write_archive(folder, [rows[:6], rows[6:12]], log=first)
        second = options(log=signing(Path(memory), NEW, previous=RECORDER), first_id=1, start_s=30)
        _write(folder, ORIGIN, second, rows[12:], lambda: _cosign(folder))
    started = [Row(0, BOOT, rows[0].event), Row(1, BOOT, rows[6].event)]
    with TemporaryDirectory() as memory:
        other = ed25519(OTHER_LOG, 5)
        how = replace(signing(Path(memory), other), log=OTHER_LOG, certificate=certificate(other))
        _write(folder, OTHER_ORIGIN, options(log=how, first_id=16), started)
    for lock in folder.rglob("*.lock"):
        lock.unlink()


def _write(
    folder: Path,
    origin: str,
    how: SealOptions,
    rows: list[Row],
    cosign: Callable[[], object] = lambda: None,
) -> None:
    writer = ArchiveWriter(folder, origin, how)
    writer.append(rows)
    writer.close(cosign=cosign)


def _cosign(folder: Path) -> None:
    log = LogFolder(log_directory(folder, ORIGIN))
    note = decode_note(log.read(CHECKPOINT))
    cosigned = note.signed_also([WITNESS.sign(note.text, time_s=START_S + 60)])
    log.write([(CHECKPOINT, cosigned.encode())])


if __name__ == "__main__":
    if GOLDEN.exists():
        sys.exit(f"{GOLDEN} exists and must stay as it is")
    write_golden(GOLDEN)
