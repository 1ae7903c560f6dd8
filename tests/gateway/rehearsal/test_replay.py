"""A policy is asked about what was recorded, and what is not known is not guessed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from gateway.evidence.block import CloseReason
from gateway.evidence.encryption.marks import Mark, with_mark
from gateway.evidence.event import Event, EventKind
from gateway.evidence.rows import Row
from gateway.evidence.writer import ArchiveWriter
from gateway.policy.decision import DecisionKind
from gateway.policy.engine import Policy
from gateway.policy.patterns import Patterns
from gateway.policy.rule import Rule
from gateway.policy.selection import Bounds, Principals, Selection
from gateway.rehearsal.replay import replay, told
from gateway.wire.api_keys import ApiKey
from tests.gateway.evidence.samples import BOOT, ORIGIN, event, options
from tests.gateway.policy.policies import names

if TYPE_CHECKING:
    from pathlib import Path

CARDS = Policy([Rule(id="r", effect=DecisionKind.DENY, selection=Selection(topics=names("cards")))])


def _row(kind: EventKind = EventKind.EXCHANGE, **columns: Any) -> Event:  # noqa: ANN401 - any column
    given = {
        "exchange": 0,
        "api_key": int(ApiKey.FETCH),
        "api_version": 12,
        "listener": "clients",
        "peer": "10.0.0.7:1",
        "issuer": "none",
        "subject": "alice",
        "decision": "allow",
        "detail": '{"request":{}}',
    }
    return replace(event(kind), **{**given, **columns})


def _archive(folder: Path, *events: Event) -> Path:
    writer = ArchiveWriter(folder, ORIGIN, options())
    rows = [Row(number, BOOT, each, "written") for number, each in enumerate(events)]
    writer.append(rows, CloseReason.SIZE)
    writer.close(CloseReason.SHUTDOWN)
    return folder


def _detail(request: object, response: object = None) -> str:
    return json.dumps({"request": request, "response": response})


def _changes(folder: Path, policy: Policy, *events: Event) -> list[str]:
    return [str(change) for change in replay(_archive(folder, *events), policy).changes]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"detail": _detail({"topics": [{"topic": "cards"}]})}, "FETCH by alice on cards"),
        (
            {"api_key": int(ApiKey.DELETE_TOPICS), "detail": _detail({"topic_names": ["cards"]})},
            "DELETE_TOPICS by alice on cards",
        ),
        (
            {
                "api_key": int(ApiKey.METADATA),
                "detail": _detail({"topics": None}, {"topics": [{"name": "cards"}]}),
            },
            "METADATA by alice on cards",
        ),
        (
            {"api_key": int(ApiKey.DESCRIBE_LOG_DIRS), "detail": _detail({"topics": None})},
            "DESCRIBE_LOG_DIRS by alice on any topic",
        ),
    ],
)
def test_what_would_be_decided_otherwise_is_told(
    tmp_path: Path, columns: dict[str, Any], expected: str
) -> None:
    """With whose request it was, on what, and by which rules."""
    assert [f"{expected}: allow, would be deny by r"] == _changes(tmp_path, CARDS, _row(**columns))


@pytest.mark.parametrize("kind", [EventKind.PRODUCE, EventKind.DELIVERED])
def test_the_topics_of_records_are_those_of_their_rows(tmp_path: Path, kind: EventKind) -> None:
    """A fetch may name nothing, and deliver by its session."""
    delivered = _row(kind, topic="cards", record_count=3, byte_count=9)

    assert ["FETCH by alice on cards: allow, would be deny by r"] == _changes(
        tmp_path, CARDS, delivered, _row()
    )


def test_an_encrypted_exchange_has_the_topics_of_its_records(tmp_path: Path) -> None:
    """Those are columns, which are never sealed."""
    delivered = _row(EventKind.DELIVERED, topic="cards", record_count=3, byte_count=9)
    sealed = _row(detail=with_mark(_detail({"topics": [{"topic": "x"}]}), Mark("k")))

    assert ["FETCH by alice on cards: allow, would be deny by r"] == _changes(
        tmp_path, CARDS, delivered, sealed
    )


def test_what_was_refused_may_pass(tmp_path: Path) -> None:
    """A bundle that loosens is seen as well."""
    refused = _row(decision="deny", subject=None, detail=_detail({"refused_topics": ["cards"]}))

    assert ["FETCH by nobody on cards: deny, would be allow"] == _changes(
        tmp_path, Policy(), refused
    )


def test_numbers_principals_and_times_are_those_of_the_record(tmp_path: Path) -> None:
    """As far as it has them."""
    selection = Selection(
        numbers={"records": Bounds(above=2), "bytes": Bounds(above=8)},
        principals=Principals(groups=Patterns(("ops",))),
    )
    policy = Policy([Rule(id="r", effect=DecisionKind.DENY, selection=selection)])
    sent = _row(EventKind.PRODUCE, topic="a", record_count=3, byte_count=9)

    assert 1 == len(_changes(tmp_path / "a", policy, sent, _row(groups=("ops",))))
    assert 0 == len(_changes(tmp_path / "b", policy, sent, _row()))


@pytest.mark.parametrize(
    ("columns", "compared", "undecided"),
    [
        ({"api_key": int(ApiKey.API_VERSIONS)}, 0, 0),
        ({"api_key": int(ApiKey.METADATA)}, 0, 1),
        (
            {
                "api_key": int(ApiKey.DELETE_TOPICS),
                "detail": with_mark(_detail({"topic_names": ["x"]}), Mark("k")),
            },
            0,
            1,
        ),
        ({"decision": "allow"}, 1, 0),
    ],
)
def test_what_cannot_be_told_is_counted(
    tmp_path: Path, columns: dict[str, Any], compared: int, undecided: int
) -> None:
    """And logins are no matter of policy."""
    result = replay(_archive(tmp_path, _row(**columns)), CARDS)

    assert (compared, undecided, 0) == (result.compared, result.undecided, result.changes.total())


def test_the_most_frequent_comes_first(tmp_path: Path) -> None:
    """And a last line sums up."""
    both = [_detail({"topics": [{"topic": topic}]}) for topic in ("a", "b", "b")]
    everything = Policy([Rule(id="r", effect=DecisionKind.DENY, selection=Selection())])
    archive = _archive(tmp_path, *(_row(detail=each, exchange=n) for n, each in enumerate(both)))

    assert [
        "2 x FETCH by alice on b: allow, would be deny by r",
        "... and 1 more kinds",
        "3 exchanges compared, 3 would change, 0 could not be told, 0 damages",
    ] == list(told(replay(archive, everything), lines_max=1))


def test_damage_is_counted(tmp_path: Path) -> None:
    """What cannot be read was not compared."""
    archive = _archive(tmp_path, _row())
    (segment,) = (archive / ORIGIN / "segments").glob("*.zst")
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)

    assert replay(archive, CARDS).damages > 0
