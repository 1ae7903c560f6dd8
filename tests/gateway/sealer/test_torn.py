"""Torn bytes: each is kept once, in pieces of bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from gateway.evidence.event import EventKind
from gateway.sealer import torn as module
from gateway.sealer.tail import ReadFile
from gateway.sealer.torn import TornBytes
from tests.gateway.sealer.journals import event

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.event import Event


@pytest.fixture
def read(tmp_path: Path) -> ReadFile:
    """A file of which the first four bytes are whole entries and the other six are torn."""
    path = tmp_path / "x.journal"
    path.write_bytes(b"goodTEARED")
    return ReadFile(path, 7, 4)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 4)


def missing(torn: TornBytes, read: ReadFile) -> list[Event]:
    """Return the events that should be recorded."""
    return list(torn.missing([read], wall_ns=3, monotonic_ns=4))


def told(events: list[Event]) -> list[tuple[str | None, bytes]]:
    """Show what the events say."""
    return [(each.detail, bytes(each.payload or b"")) for each in events]


def test_torn_bytes_are_kept_as_they_are(read: ReadFile) -> None:
    """Every byte behind the last whole entry is in an event that says where it stood."""
    found = missing(TornBytes(), read)

    assert told(found) == [
        ('{"journal":"x.journal","position":4}', b"TEAR"),
        ('{"journal":"x.journal","position":8}', b"ED"),
    ]
    assert {(each.kind, each.wall_ns, each.monotonic_ns) for each in found} == {
        (EventKind.TORN, 3, 4)
    }


@pytest.mark.parametrize("count", [0, 1, 2])
def test_what_is_recorded_is_not_recorded_again(read: ReadFile, count: int) -> None:
    """A recovery that was itself interrupted goes on behind the pieces it has recorded."""
    torn = TornBytes()
    events = missing(torn, read)
    for recorded in events[:count]:
        torn.follow(recorded)

    assert told(missing(torn, read)) == told(events[count:])
    assert torn.is_recorded(read) == (count == 2)


def test_a_whole_file_misses_nothing(read: ReadFile) -> None:
    """A file that ends with its last entry needs no event to go."""
    whole = ReadFile(read.path, 7, 10)

    assert missing(TornBytes(), whole) == []
    assert TornBytes().is_recorded(whole)


@pytest.mark.parametrize("detail", [None, '{"undecodable":true}', '{"journal":"y","position":4}'])
def test_other_torn_events_count_for_nothing(read: ReadFile, detail: str | None) -> None:
    """Torn events tell of many things; only those about this file count for it."""
    torn = TornBytes()
    torn.follow(replace(event(EventKind.TORN), detail=detail, byte_count=6))

    assert not torn.is_recorded(read)


def test_an_event_without_a_size_covers_nothing(read: ReadFile) -> None:
    """A place without a number of bytes proves nothing kept."""
    torn = TornBytes()
    detail = '{"journal":"x.journal","position":4}'
    torn.follow(replace(event(EventKind.TORN), detail=detail))

    assert not torn.is_recorded(read)
