"""Marks: a detail says that its event is sealed, and holds no content in clear."""

from __future__ import annotations

import json

import msgspec
import pytest

from gateway.evidence.encryption.marks import (
    CONTENT,
    Mark,
    may_hold_texts,
    read_mark,
    seal_texts,
    unseal_texts,
    with_mark,
)
from gateway.evidence.encryption.sealed import DataKey
from gateway.evidence.errors import EncryptionError

KEY = DataKey.draw("s1")
MARK = Mark(KEY.key_id, control=(1,), unplaced=((2, None, 9),))
COMMIT = (
    '{"request":{"topics":[{"name":"orders","partitions":[{"partition_index":0,'
    '"committed_offset":7,"committed_metadata":"card 4111 \\"é\\" "}]}]},"response":{"error":0}}'
)


@pytest.mark.parametrize("detail", [None, "{}", '{"high_watermark":7}', COMMIT])
def test_a_mark_is_read_back_and_changes_nothing_else(detail: str | None) -> None:
    """What the detail said before it still says."""
    marked = with_mark(detail, MARK)

    assert MARK == read_mark(marked)
    rest = json.loads(marked)
    del rest["sealed"]
    assert json.loads(detail or "{}") == rest


@pytest.mark.parametrize("detail", [None, "{}", '{"request":{"sealed":{"key":"x"}}}', "no JSON"])
def test_what_has_no_mark_has_none(detail: str | None) -> None:
    """A client's own words within a request are no mark."""
    assert read_mark(detail) is None


def test_a_mark_that_cannot_be_read_is_an_error() -> None:
    """It is not taken for none."""
    with pytest.raises(msgspec.MsgspecError):
        read_mark('{"sealed":{"key":7}}')


def test_texts_of_clients_are_sealed_and_opened() -> None:
    """Nothing of them can be read in between, and afterwards all is as it was, byte for byte."""
    sealed = with_mark(seal_texts(COMMIT, KEY), MARK)

    assert "4111" not in sealed
    assert COMMIT == unseal_texts(sealed, KEY)


@pytest.mark.parametrize("name", sorted(CONTENT))
def test_each_member_that_holds_content_is_found(name: str) -> None:
    """The cheap look finds what the thorough one seals."""
    detail = json.dumps({"request": [{name: "4111"}]}, separators=(",", ":"))

    assert may_hold_texts(detail)
    assert "4111" not in seal_texts(detail, KEY)


def test_structures_under_such_a_name_are_looked_into() -> None:
    """The assignment of a newer group is a list of partitions, which stays readable."""
    detail = '{"response":{"assignment":{"topic_partitions":[{"topic_name":"orders"}]}}}'

    assert not may_hold_texts(detail)
    assert detail == seal_texts(detail, KEY)


def test_another_key_opens_no_text() -> None:
    """The reader learns that it is not this one."""
    sealed = with_mark(seal_texts(COMMIT, KEY), MARK)

    with pytest.raises(EncryptionError):
        unseal_texts(sealed, DataKey.draw("s1"))
