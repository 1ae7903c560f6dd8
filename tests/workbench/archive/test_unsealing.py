"""Encrypted archives: with keys they say what they say in clear, without them nothing wrong."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import polars as pl
import pytest
from msgspec.structs import replace
from polars.testing import assert_frame_equal

from gateway.evidence.verify import verify
from gateway.wire.api_keys import ApiKey
from gateway.wire.records.encode import encode_batch
from gateway.wire.records.record import Record
from tests.gateway.wire.records.test_legacy import make_message, wrap
from tests.workbench.archive.encrypted import (
    ALICE,
    BOB,
    CARD,
    GOLDEN,
    Encrypted,
    everything,
)
from tests.workbench.archive.recording import (
    Client,
    Place,
    Recording,
    batch,
    opened,
    segment_files,
    spoil,
)
from workbench.archive import open_archive
from workbench.tables.schemas import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from workbench.archive import Archive


@pytest.fixture
def encrypted(tmp_path: Path) -> Encrypted:
    """Make the archive, encrypted."""
    return Encrypted(tmp_path / "encrypted", everything())


def values(archive: Archive) -> set[bytes]:
    """Return the values of all records."""
    return set(archive.records.collect()["value"])


def read_offsets(archive: Archive, client: Client) -> list[int]:
    """Return the offsets that a client was sent, by the table of reads."""
    reads = archive.reads.filter(pl.col("session") == client.session).collect()
    return sorted(reads["offset"])


def kinds(archive: Archive) -> set[str]:
    """Return the kinds of gaps."""
    return set(archive.gaps.collect()["kind"])


@pytest.mark.parametrize("table", [table.name for table in TABLES])
def test_with_keys_every_table_is_the_one_in_clear(
    tmp_path: Path, encrypted: Encrypted, table: str
) -> None:
    """Row by row and byte by byte, digests included."""
    clear = opened(tmp_path / "clear", everything())

    found: pl.LazyFrame = getattr(encrypted.open(with_keys=True), table)

    expected: pl.LazyFrame = getattr(clear, table)
    assert expected.collect().height > 0
    assert_frame_equal(expected.collect(), found.collect())


def test_without_keys_nothing_of_the_content_is_anywhere(encrypted: Encrypted) -> None:
    """Neither in the archive nor in the cache nor in a table."""
    archive = encrypted.open(with_keys=False)

    files = [path for path in encrypted.folder.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert [] == [path for path in files if b"4111" in path.read_bytes()]
    assert set() == values(archive)
    details = "".join(archive.exchanges.collect()["detail"])
    assert '"name":"range"' in details
    assert "QUFB" not in details


def test_without_keys_it_is_known_who_was_sent_which_offsets(
    tmp_path: Path, encrypted: Encrypted
) -> None:
    """Each as inferred; and markers of transactions are no records."""
    clear = opened(tmp_path / "clear", everything())

    archive = encrypted.open(with_keys=False)

    assert [5, 5, 6, 6, 7] == read_offsets(archive, BOB)
    for client in (ALICE, BOB):
        assert read_offsets(clear, client) == read_offsets(archive, client)
    assert [True] * 7 == archive.reads.collect()["is_inferred"].to_list()
    committed = archive.reads.filter(session="s2", offset=6).collect()["proof_level"]
    assert {"L3"} == set(committed.cast(pl.String))


def test_the_archive_is_sound_without_keys_and_after_erasures(encrypted: Encrypted) -> None:
    """Hashes are over what is stored."""
    before = verify(encrypted.archive)
    encrypted.erase("s1", "s2")
    after = verify(encrypted.archive)

    assert before == after
    assert [] == [damage for damage in after.damages if not damage.is_information]
    assert encrypted.open(with_keys=True).status.is_whole


def test_an_erased_session_is_gone_and_the_others_are_not(encrypted: Encrypted) -> None:
    """Its records can be read where another session carried them; the gap says who erased it."""
    first = encrypted.open(with_keys=True)
    assert {CARD, b"b", b"c", b"d"} == values(first)

    encrypted.erase("s1")

    for reopen in (first.refresh, lambda: encrypted.open(with_keys=True)):
        archive = reopen()
        assert {CARD, b"b", b"d"} == values(archive)
        (message,) = archive.gaps.filter(kind="encrypted", topic="orders").collect()["message"]
        assert message.startswith("what session s1 sent or was sent is encrypted: ")
        assert "erased its key at 2" in message
        assert "(reason: case 7); in 2 events" in message


def test_a_gap_tells_of_each_session_why_it_is_closed(encrypted: Encrypted) -> None:
    """It is no fault, for nothing is damaged."""
    gaps = encrypted.open(with_keys=False).gaps.filter(kind="encrypted").collect()

    told = "what session {} sent or was sent is encrypted: no key was given"
    assert {f"{told.format('s1')}; in 2 events", told.format("s2")} == set(gaps["message"])
    assert {"orders", "leak"} == set(gaps["topic"])
    assert {True} == set(gaps["is_information"])


def test_another_key_of_the_session_opens_nothing(encrypted: Encrypted, tmp_path: Path) -> None:
    """A key folder of another recording is told from the right one."""
    other = Encrypted(tmp_path / "other", everything())
    other.archive = encrypted.archive

    archive = other.open(with_keys=True)

    assert set() == values(archive)
    assert "the key folder has another key of it" in archive.gaps.collect()["message"].str.join()[0]


def test_a_cut_batch_may_hold_what_its_header_says(encrypted: Encrypted) -> None:
    """Without the key as with it."""
    cut = encrypted.open(with_keys=False).gaps.filter(kind="cut_batch").collect()

    assert [(9, 10)] == cut.select("first_offset", "last_offset").rows()


@pytest.mark.parametrize(
    "delivered",
    [
        wrap(make_message(b"a", offset=3), offset=4),
        encode_batch([Record(0, 0, None, b"a"), Record(100_000, 0, None, b"b")]),
    ],
)
def test_offsets_that_cannot_be_listed_are_told(tmp_path: Path, delivered: bytes) -> None:
    """A compressed set of an old format, or a batch over very many offsets, may hold any record."""
    recording = Recording()
    recording.deliver(ALICE, Place(), delivered)

    archive = Encrypted(tmp_path, recording).open(with_keys=False)

    assert {"encrypted", "undecodable"} == kinds(archive)
    (message,) = archive.gaps.filter(kind="undecodable").collect()["message"]
    assert f"an encrypted batch of {len(delivered)} bytes" in message


def test_a_batch_lost_in_one_segment_is_found_in_another(tmp_path: Path) -> None:
    """Sealed, the same batch of a session is the same bytes in each."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(CARD))
    recording.end_block()
    recording.deliver(ALICE, Place(), batch(CARD))
    recording.end_segment()
    recording.deliver(ALICE, Place(), batch(CARD))
    encrypted = Encrypted(tmp_path, recording)
    spoil(segment_files(tmp_path)[0], 0)

    reads = encrypted.open(with_keys=True).reads.collect()

    assert [False, False] == reads["is_inferred"].to_list()


def test_sealed_bytes_that_were_changed_are_undecodable(tmp_path: Path) -> None:
    """Somebody may have computed all hashes anew."""
    recording = Recording()
    recording.deliver(ALICE, Place(), batch(CARD))
    encrypted = Encrypted(tmp_path, recording)
    stored, *rest = encrypted.events
    assert stored.payload is not None
    changed = bytes([stored.payload[0] ^ 1, *stored.payload[1:]])
    forged = Recording(events=[replace(stored, payload=memoryview(changed)), *rest])

    encrypted.archive = forged.write(tmp_path / "forged", is_ended=True)

    gaps = encrypted.open(with_keys=True).gaps.collect()
    assert ["undecodable"] == gaps["kind"].to_list()
    assert "were not sealed with this key" in gaps["message"].item()


def test_what_was_encrypted_once_is_readable_for_ever(tmp_path: Path) -> None:
    """Every version opens what the first one wrote: payloads, texts, keys and erasures."""
    identity = tmp_path / "identity"
    shutil.copy(GOLDEN / "identity", identity)
    identity.chmod(0o600)

    archive = open_archive(GOLDEN / "archive", keys=GOLDEN / "keys", identity=identity)

    assert {CARD, b"b", b"c", b"d"} == values(archive)
    assert [5, 5, 6, 6, 7] == read_offsets(archive, BOB)
    assert "QUFB" in "".join(archive.exchanges.collect()["detail"])
    (message,) = archive.gaps.filter(kind="encrypted").collect()["message"]
    assert message.startswith("what session s3 sent or was sent is encrypted: ")
    assert "erased its key at 2026-11-25T" in message


@pytest.mark.parametrize("rest", ["[" * 100_000, ""])
def test_a_mark_that_cannot_be_read_is_a_gap(tmp_path: Path, rest: str) -> None:
    """Nobody keeps the rest of an archive from being read with it."""
    recording = Recording()
    detail = f'{{"sealed":{{"key":"00"}},"more":{rest}'
    recording.ask(BOB, ApiKey.METADATA, {}, detail=detail)
    recording.produce(BOB, Place(), batch(CARD))
    archive = opened(tmp_path, recording)

    assert {"unreadable_detail"} == kinds(archive)
    assert {CARD} == values(archive)
