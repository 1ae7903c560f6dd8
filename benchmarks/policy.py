"""What a decision costs: microseconds a request, by the number of rules.

`few` are rules that are spread over the APIs and topics, as an operator writes them; `all` are
rules that all speak of the request's API and client, so that each is looked at; `conditions` are
the same with a condition in CEL.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from itertools import cycle, islice

from benchmarks.figures import machine
from gateway.identity.principal import Principal
from gateway.policy.condition import Condition
from gateway.policy.decision import DecisionKind
from gateway.policy.engine import Policy
from gateway.policy.patterns import Patterns
from gateway.policy.request import AccessRequest
from gateway.policy.rule import Rule
from gateway.policy.selection import Bounds, Names, Selection
from gateway.wire.api_keys import ApiKey

RULE_COUNTS = (10, 100, 1_000)
REQUEST = AccessRequest(
    api_key=ApiKey.FETCH,
    api_version=17,
    listener="clients",
    principal=Principal(issuer="https://id", subject="alice", groups=("analysts", "eu")),
    client_id="app-1",
    peer="10.0.0.7:4000",
    topics=frozenset({"orders"}),
    numbers={"max_bytes": 50_000_000},
)


def main() -> None:
    """Measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="for each figure")
    seconds: float = parser.parse_args().seconds
    figures = [
        {
            "rules": count,
            **{name: microseconds(make(count), seconds) for name, make in _KINDS.items()},
        }
        for count in RULE_COUNTS
    ]
    print(json.dumps({"machine": machine(), "microseconds": figures}, indent=2))


def microseconds(policy: Policy, seconds: float) -> float:
    """Decide about one request again and again, each time as a new one; return its cost."""
    requests = [replace(REQUEST, wall_ns=moment) for moment in range(100)]
    policy.divide(REQUEST)
    count = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        for request in requests:
            policy.divide(request)
        count += len(requests)
    return round((time.perf_counter() - started) / count * 1e6, 2)


def few(count: int) -> Policy:
    """Make rules about other APIs and topics, but for those that come round."""
    apis = islice(cycle(ApiKey), count)
    return Policy(
        [
            _rule(number, Selection(apis=frozenset({int(api)}), topics=_topics(number)))
            for number, api in enumerate(apis)
        ]
    )


def all_looked_at(count: int) -> Policy:
    """Make rules about the request's API, of which each looks at its numbers and none matches."""
    bounds = {"max_bytes": Bounds(below=1)}
    return Policy([_rule(number, Selection(numbers=bounds)) for number in range(count)])


def conditions(count: int) -> Policy:
    """Make rules with a condition, none of which is true."""
    condition = Condition("request.max_bytes < 1 && 'analysts' in principal.groups")
    return Policy([_rule(number, Selection(condition=condition)) for number in range(count)])


def _rule(number: int, selection: Selection) -> Rule:
    return Rule(id=f"r{number}", effect=DecisionKind.DENY, selection=selection)


def _topics(number: int) -> Names:
    return Names(included=Patterns((f"team-{number}.*", f"regex:private-{number}-[a-z]+")))


_KINDS = {"few": few, "all": all_looked_at, "conditions": conditions}

if __name__ == "__main__":
    main()
