"""The table of deliveries."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from gateway.wire.api_keys import ApiKey
from tests.workbench.archive.recording import Client, Place, Recording, at, batch, opened
from workbench.tables.schemas import DELIVERED

if TYPE_CHECKING:
    from pathlib import Path

ALICE = Client(session="s1")


def test_a_delivery_is_one_row_for_its_topic_partition(tmp_path: Path) -> None:
    """A row says who was given what, and what decides which of it an application sees."""
    first, second = batch(b"one", first=7), batch(b"two", first=8)
    visibility = {
        "isolation_level": 1,
        "high_watermark": 9,
        "log_start_offset": 2,
        "aborted": [{"producer_id": 5, "first_offset": 6}],
    }
    recording = Recording()
    recording.deliver(ALICE, Place(first=7), first, second, visibility=visibility)

    frame = opened(tmp_path, recording).delivered.collect()

    assert [
        {
            "origin": "gw",
            "sequence": 0,
            "session": "s1",
            "exchange": 0,
            "at": at(0),
            "principal": "alice@idp",
            "issuer": "idp",
            "subject": "alice",
            "client_id": "s1-client",
            "peer": "10.0.0.7:40000",
            "topic": "orders",
            "topic_id": None,
            "partition": 0,
            "via": "FETCH",
            "group_id": None,
            "requested_offset": 7,
            "first_offset": 7,
            "last_offset": 8,
            "record_count": 2,
            "byte_count": len(first + second),
            "error_code": 0,
            **visibility,
            "decision": "allow",
            "rule_ids": [],
            "masked": [],
            "batches": [hashlib.sha256(each).digest() for each in (first, second)],
        }
    ] == frame.to_dicts()
    assert DELIVERED.schema == frame.schema


def test_a_share_group_says_which_group_it_is(tmp_path: Path) -> None:
    """Records for a member of a share group carry the group, and no requested offset."""
    detail = {"group_id": "workers", "acquired": [{"first_offset": 0, "last_offset": 0}]}
    recording = Recording()
    recording.deliver(
        ALICE,
        Place(),
        batch(b"v"),
        via=ApiKey.SHARE_FETCH,
        visibility=detail,
        requested_offset=None,
    )

    frame = opened(tmp_path, recording).delivered.collect()

    columns = ["via", "group_id", "requested_offset", "isolation_level"]
    assert [("SHARE_FETCH", "workers", None, None)] == frame.select(columns).rows()
