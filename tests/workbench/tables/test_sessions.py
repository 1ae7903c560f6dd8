"""The table of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.event import EventKind
from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import Client, Recording, at, opened
from workbench.tables.schemas import SESSIONS

if TYPE_CHECKING:
    from pathlib import Path

UNKNOWN = Client(session="s1", subject=None)
ALICE = Client(session="s1", groups=("ops",))
BOB = Client(session="s2", subject="bob")
SOFTWARE = {"software_name": "librdkafka", "software_version": "2.11"}


def test_a_session_is_told_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    """Who connected, when and how it authenticated, what it did and why it ended is in one row."""
    recording = Recording()
    recording.add(EventKind.RECORDER_START)
    recording.add(EventKind.SESSION_OPEN, UNKNOWN, client_id=None, detail={"local": "h:1"})
    recording.ask(UNKNOWN, ApiKey.API_VERSIONS, {})
    authenticated = {"mechanism": "PLAIN", "reauthentication": False, **SOFTWARE}
    recording.add(EventKind.SESSION_AUTHENTICATED, ALICE, detail=authenticated)
    recording.ask(ALICE, ApiKey.METADATA, {})
    closed = {"exchange_count": 2, "bytes_from_client": 90, "bytes_to_client": 700}
    closed_detail = {"reason": "client_closed", "message": None, **closed}
    recording.add(EventKind.SESSION_CLOSE, ALICE, detail=closed_detail)

    frame = opened(tmp_path, recording).sessions.collect()

    expected = {
        "origin": "gw",
        "session": "s1",
        "opened_at": at(1),
        "authenticated_at": at(3),
        "closed_at": at(5),
        "last_seen_at": at(5),
        "principal": "alice@idp",
        "issuer": "idp",
        "subject": "alice",
        "client_id": "s1-client",
        "peer": "10.0.0.7:40000",
        "groups": ["ops"],
        "mechanism": "PLAIN",
        **SOFTWARE,
        "listener": "clients",
        "node_id": 1,
        **closed,
        "close_reason": "client_closed",
        "rejections": 0,
        "claimed": [],
        "first_sequence": 1,
        "last_sequence": 5,
    }
    assert [expected] == frame.to_dicts()
    assert SESSIONS.schema == frame.schema


def test_an_open_session_has_no_end_and_counts_what_it_began(tmp_path: Path) -> None:
    """What only the end tells is null while a session is open; its requests are counted."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    recording.ask(ALICE, ApiKey.METADATA, {})
    recording.ask(ALICE, ApiKey.METADATA, {})

    row = opened(tmp_path, recording).sessions.collect().to_dicts()[0]

    assert (None, None, None, 2) == (
        row["closed_at"],
        row["close_reason"],
        row["bytes_to_client"],
        row["exchange_count"],
    )


def test_a_session_without_a_request_began_none(tmp_path: Path) -> None:
    """A connection that asked for nothing counts zero requests and has no principal."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, UNKNOWN)

    row = opened(tmp_path, recording).sessions.collect().to_dicts()[0]

    assert (0, None, None) == (row["exchange_count"], row["principal"], row["groups"])


def test_failed_logins_are_counted_with_the_names_they_claimed(tmp_path: Path) -> None:
    """Each rejection counts, and those that named a user tell it, in their order."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, UNKNOWN)
    for claimed in ("root", None, "admin"):
        detail = {"reason": "wrong user or password", "claimed": claimed}
        recording.add(EventKind.SESSION_REJECTED, UNKNOWN, detail=detail)

    row = opened(tmp_path, recording).sessions.collect().to_dicts()[0]

    assert (3, ["root", "admin"]) == (row["rejections"], row["claimed"])


def test_what_recovery_wrote_later_is_no_sign_of_life(tmp_path: Path) -> None:
    """A session that a crash cut was last seen at its own newest event."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    recording.end_segment()
    recording.add(EventKind.OUTCOME_UNKNOWN, ALICE, exchange=0, detail={"intent": {"sequence": 0}})

    row = opened(tmp_path, recording).sessions.collect().to_dicts()[0]

    assert (at(0), 0) == (row["last_seen_at"], row["last_sequence"])


def test_sessions_come_in_the_order_of_their_beginning(tmp_path: Path) -> None:
    """A session over several segments is one row, and the rows stand in order."""
    recording = Recording()
    recording.add(EventKind.SESSION_OPEN, BOB)
    recording.end_segment()
    recording.add(EventKind.SESSION_OPEN, ALICE)
    recording.add(EventKind.SESSION_CLOSE, BOB, detail={"reason": "idle"})
    other = Recording(origin="another")
    other.add(EventKind.SESSION_OPEN, ALICE)

    frame = opened(tmp_path, recording, other).sessions.collect()

    expected = [("another", "s1"), ("gw", "s2"), ("gw", "s1")]
    assert expected == frame.select("origin", "session").rows()
