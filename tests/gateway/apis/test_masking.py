"""Records are masked where they lie in a message, and each row is told its own counts."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.apis.masking import Masker, delivered_topics, withhold
from gateway.apis.topics import TopicDirectory
from gateway.evidence.event import Event, EventKind, Masked
from gateway.masking.rules import Plans
from gateway.policy.decision import DecisionKind
from gateway.policy.mask_rule import MaskField, MaskMethod
from gateway.wire.api_keys import ApiKey
from gateway.wire.headers import RequestHeader
from gateway.wire.records.encode import encode_batch
from gateway.wire.records.record import Record
from tests.gateway.policy.policies import rule

if TYPE_CHECKING:
    from gateway.wire.readers import Body

APIS = frozenset({int(ApiKey.FETCH), int(ApiKey.PRODUCE)})
CLEAR = encode_batch([Record(0, 0, None, b'{"card":"4111"}')])
OTHER = encode_batch([Record(0, 0, None, b'{"n":1}')])
OLD = bytes.fromhex("0000000000000000 0000000e 00000000 0000 ffffffff ffffffff")


def _masker(api_key: ApiKey = ApiKey.FETCH, version: int = 12) -> Masker:
    mask = rule("m", DecisionKind.MASK, ["orders"]).mask
    assert mask is not None
    header = RequestHeader(api_key=api_key, api_version=version, correlation_id=1, client_id="c")
    return Masker(Plans(), TopicDirectory(), (replace(mask, apis=APIS),), header)


def _answer(*records: bytes | None, topic: str = "orders") -> Body:
    partitions = [
        {"partition_index": n, "error_code": 0, "records": each and memoryview(each)}
        for n, each in enumerate(records)
    ]
    return {"responses": [{"topic": topic, "partitions": partitions}]}


def _row(kind: EventKind, partition: int, topic: str = "orders") -> Event:
    return Event(kind=kind, wall_ns=0, monotonic_ns=0, topic=topic, partition=partition)


def test_each_row_is_told_its_own_counts() -> None:
    """Those of its topic and partition; other rows have none."""
    masking = _masker().mask_answer(_answer(CLEAR, OTHER, None))

    assert masking.is_changed
    rows = [masking.on(_row(EventKind.DELIVERED, partition)) for partition in (1, 0)]
    assert [(), (Masked("$.card", "redact", 1),)] == [each.masked for each in rows]
    assert () == masking.on(_row(EventKind.EXCHANGE, 0)).masked
    assert {} == masking.detail


def test_a_partition_that_is_named_twice_has_two_rows() -> None:
    """A broker refuses that; until then both rows are told the truth."""
    partitions = [{"index": 0, "records": memoryview(each)} for each in (OTHER, CLEAR, b"")]
    body = {"topic_data": [{"name": "orders", "partition_data": partitions}]}
    masking = _masker(ApiKey.PRODUCE, 9).mask_request(body)
    counts = [len(masking.on(_row(EventKind.PRODUCE, 0)).masked) for _ in range(4)]

    assert [0, 1, 0, 0] == counts


@pytest.mark.parametrize("answer", [_answer(CLEAR, topic="payments"), _answer(OTHER), _answer()])
def test_what_needs_no_mask_is_not_changed(answer: Body) -> None:
    """So that the frame can go on as it came."""
    assert not _masker().mask_answer(answer).is_changed


@pytest.mark.parametrize(("version", "expected"), [(3, 29), (4, 0)])
def test_older_formats_are_converted_for_those_who_can_read_the_newest(
    version: int, expected: int
) -> None:
    """Clients before Fetch 4 know nothing else, and get an error."""
    checksum = zlib.crc32(OLD[16:]).to_bytes(4)
    answer = _answer(OLD[:12] + checksum + OLD[16:])
    _masker(version=version).mask_answer(answer)

    assert expected == answer["responses"][0]["partitions"][0]["error_code"]


def test_notes_tell_what_could_not_be_read() -> None:
    """By topic and partition, without a byte of it."""
    masking = _masker().mask_answer(_answer(OTHER, b"4111" * 20))

    told = str(masking.detail["masking"])
    assert "'topic': 'orders', 'partition': 1, 'undecodable': 'no record batch" in told
    assert "4111" not in told


def test_topics_of_an_answer_are_those_with_records() -> None:
    """None stands for an id without a name."""
    (named,) = _answer(CLEAR)["responses"]
    unnamed = {"topic_id": bytes(range(16)), "partitions": named["partitions"]}
    answer = {"responses": [*_answer(CLEAR)["responses"], *_answer(b"", topic="x")["responses"]]}

    assert {"orders"} == delivered_topics(answer, TopicDirectory())
    assert {None} == delivered_topics({"responses": [unnamed]}, TopicDirectory())


def test_what_is_withheld_has_no_bytes() -> None:
    """Partitions without records stay as they are."""
    answer = _answer(CLEAR, b"")
    masking = withhold(answer)
    first, second = answer["responses"][0]["partitions"]

    assert masking.is_changed
    assert (29, b"") == (first["error_code"], bytes(first["records"]))
    assert 0 == second["error_code"]
    assert not withhold(_answer(b"")).is_changed


def test_a_rule_that_cannot_be_carried_out_leaves_nothing() -> None:
    """A share group's member has acquired nothing then, also of what is withheld."""
    made = _masker()
    field = MaskField(method=MaskMethod.TOKEN, path="$.card")
    masker = replace(made, rules=(replace(made.rules[0], fields=(field,)),))
    stopped, withheld = _answer(CLEAR), _answer(CLEAR)
    for answer in (stopped, withheld):
        answer["responses"][0]["partitions"][0]["acquired_records"] = [{"first_offset": 0}]
    masking = masker.mask_answer(stopped)
    withhold(withheld)

    assert "tokens are not made" in (masking.undecodable or "")
    for answer in (stopped, withheld):
        (partition,) = answer["responses"][0]["partitions"]
        assert (29, [], b"") == (
            partition["error_code"],
            partition["acquired_records"],
            bytes(partition["records"]),
        )
