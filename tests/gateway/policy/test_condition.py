"""Conditions are checked when they are loaded, and true only when they say so."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from gateway.policy.condition import CHARACTERS_MAX, Condition, ConditionError, values_of
from tests.gateway.policy.policies import FETCH

TWENTY = f"[{', '.join(map(str, range(20)))}]"
BOMB = f"{TWENTY}.all(a, {TWENTY}.all(b, {TWENTY}.all(c, {TWENTY}.all(d, {TWENTY}.all(e, true)))))"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("request.max_bytes > 10", True),
        ("request.max_bytes > 1000", False),
        ("request.topic == 'orders' && request.topics == ['orders']", True),
        ("request.api == 'FETCH' && request.api_version == 0", True),
        ("'analysts' in principal.groups", True),
        ("principal.subject + '@' + principal.issuer == 'alice@https://id.example'", True),
        ("request.peer == '10.0.0.7' && request.listener == 'clients'", True),
        ("request.client_id.matches('^app-[0-9]$')", True),
        ("time.weekday == 4 && time.hour == 1 && time.minute == 1", True),
        ("request.records == 0 && request.consumer_groups.size() == 0", True),
    ],
)
def test_a_condition_looks_at_the_request(text: str, *, expected: bool) -> None:
    """At its names and numbers, at who asks, and at the time in UTC."""
    request = replace(FETCH, numbers={"max_bytes": 500}, wall_ns=61 * 60_000_000_000)

    assert expected is Condition(text).holds(values_of(request, "orders"))


def test_nobody_has_empty_names() -> None:
    """Where nobody has logged in yet, a condition still has an answer."""
    nobody = replace(FETCH, principal=None, client_id=None, topics=None)
    condition = Condition("principal.subject + principal.issuer + request.client_id == ''")

    assert condition.holds(values_of(nobody, None))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("request.maxbytes > 1", "undeclared reference"),
        ("request.max_bytes > 'a'", "no matching overload"),
        ("request.max_bytes", "must be true or false, and is INT"),
        ("'true'", "must be true or false, and is STRING"),
        ("request.max_bytes >", "is no condition"),
        (f"true || {'x' * CHARACTERS_MAX} == ''", "is longer than 2000 characters"),
    ],
)
def test_a_wrong_condition_does_not_load(text: str, message: str) -> None:
    """Typos, unlike types, other results than true or false, and what nobody can read."""
    with pytest.raises(ValueError, match=message):
        Condition(text)


@pytest.mark.parametrize(
    "text",
    [
        "1 / request.records > 0",
        "request.topics[7] == 'x'",
        "request.topic.matches(request.client_id + '(')",
    ],
)
def test_an_error_is_not_true(text: str) -> None:
    """The library gives it as text, which Python takes for true."""
    with pytest.raises(ConditionError, match=r"\w"):
        Condition(text).holds(values_of(FETCH, "orders"))


def test_a_condition_that_runs_for_ever_is_ended() -> None:
    """Five nested loops of twenty: three million steps, which the budget does not allow."""
    started = time.monotonic()

    with pytest.raises(ConditionError, match="budget"):
        Condition(BOMB).holds(values_of(FETCH, "orders"))

    assert time.monotonic() - started < 2
