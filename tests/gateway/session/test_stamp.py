"""Every row of a session carries its columns."""

from __future__ import annotations

import json

import pytest

from gateway.evidence.event import Event, EventKind
from gateway.identity.principal import Principal
from gateway.policy.decision import Decision, DecisionKind
from gateway.session.pipeline import Exchange
from gateway.session.signals import Instant
from gateway.session.stamp import Stamp
from gateway.wire.headers import RequestHeader
from tests.gateway.session.conversation import CONNECTION

NOW = Instant(wall_ns=11, monotonic_ns=7)


def test_rows_before_the_login_have_no_principal() -> None:
    """Nobody is known yet; where the bytes came from is."""
    row = Stamp("clients", CONNECTION).session_row(EventKind.SESSION_OPEN, NOW, {"local": "x"})

    assert (
        Event(
            kind=EventKind.SESSION_OPEN,
            wall_ns=11,
            monotonic_ns=7,
            session="s-1",
            listener="clients",
            peer="10.0.0.7:40000",
            node_id=1,
            detail='{"local":"x"}',
        )
        == row
    )


def test_the_first_row_tells_the_ends_of_the_connection() -> None:
    """And how it is secured."""
    row = Stamp("clients", CONNECTION).opening_row(NOW, {"durability": "strict"})

    assert EventKind.SESSION_OPEN == row.kind
    assert {"local": CONNECTION.local, "tls": None, "durability": "strict"} == json.loads(
        row.detail or ""
    )


def test_rows_after_the_login_carry_it() -> None:
    """Issuer, subject and groups, and the columns of the request itself."""
    stamp = Stamp("clients", CONNECTION)
    stamp.principal = Principal(issuer="gateway:clients", subject="alice", groups=("ops",))
    header = RequestHeader(api_key=1, api_version=12, correlation_id=5, client_id="app")
    exchange = Exchange(ordinal=3, header=header, began_ns=0)
    row = stamp.exchange_template(NOW, exchange)

    assert ("gateway:clients", "alice", ("ops",)) == (row.issuer, row.subject, row.groups)
    assert (3, 1, 12, 5, "app", "allow") == (
        row.exchange,
        row.api_key,
        row.api_version,
        row.correlation_id,
        row.client_id,
        row.decision,
    )


def test_rows_of_an_exchange_carry_what_was_decided() -> None:
    """With all rules behind it, and the digest of their bundle."""
    header = RequestHeader(api_key=1, api_version=12, correlation_id=5, client_id="app")
    decision = Decision(DecisionKind.DENY, ("no-cards", "again"), bytes(32))
    exchange = Exchange(ordinal=0, header=header, began_ns=0, decision=decision)
    row = Stamp("clients", CONNECTION).exchange_template(NOW, exchange)

    assert ("deny", ("no-cards", "again")) == (row.decision, row.rule_ids)
    assert bytes(32) == row.bundle_digest


def test_session_rows_carry_the_newest_client_id() -> None:
    """The closing row is found under the same client id as the requests."""
    stamp = Stamp("clients", CONNECTION)
    stamp.client_id = "app"

    assert "app" == stamp.session_row(EventKind.SESSION_CLOSE, NOW, {}).client_id


def test_a_stamp_tells_where_the_client_is() -> None:
    """Rules look at it."""
    assert "10.0.0.7:40000" == Stamp("clients", CONNECTION).peer


@pytest.mark.parametrize(
    ("passing", "expected"),
    [(None, ("deny", ("no-cards",))), (Decision(DecisionKind.ALLOW, ("a",)), ("allow", ("a",)))],
)
def test_rows_of_what_passed_carry_the_decision_about_that(
    passing: Decision | None, expected: tuple[str, tuple[str, ...]]
) -> None:
    """Records of one topic were not denied because another topic was."""
    header = RequestHeader(api_key=1, api_version=12, correlation_id=5, client_id="app")
    decision = Decision(DecisionKind.DENY, ("no-cards",))
    exchange = Exchange(ordinal=0, header=header, began_ns=0, decision=decision, passing=passing)
    row = Stamp("clients", CONNECTION).passing_template(NOW, exchange)

    assert expected == (row.decision, row.rule_ids)


@pytest.mark.parametrize(("was_sent", "expected"), [(True, "unknown"), (False, "not_forwarded")])
def test_an_outcome_that_nobody_told_is_unknown(*, was_sent: bool, expected: str) -> None:
    """Where the broker never got the request, that is known."""
    header = RequestHeader(api_key=1, api_version=12, correlation_id=5, client_id="app")
    exchange = Exchange(ordinal=0, header=header, began_ns=NOW.monotonic_ns - 7)
    row = Stamp("clients", CONNECTION).unknown_row(NOW, exchange, was_sent=was_sent)

    assert json.loads(row.detail or "") == {"request": {}, "response": expected, "elapsed_ns": 7}


def test_a_session_describes_itself() -> None:
    """Who is not known yet has no name."""
    stamp = Stamp("clients", CONNECTION)
    assert (None, None, ()) == tuple(
        stamp.describe()[name] for name in ("issuer", "subject", "groups")
    )
    stamp.principal = Principal(issuer="gateway:clients", subject="alice", groups=("ops",))

    assert {
        "session": "s-1",
        "listener": "clients",
        "peer": "10.0.0.7:40000",
        "node_id": 1,
        "issuer": "gateway:clients",
        "subject": "alice",
        "groups": ("ops",),
        "client_id": None,
    } == stamp.describe()
