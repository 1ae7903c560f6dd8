"""Short ways to write rules and requests in tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.policy.decision import DecisionKind
from gateway.policy.hold_rule import HoldRule
from gateway.policy.mask_rule import MaskField, MaskMethod, MaskRule
from gateway.policy.patterns import Patterns
from gateway.policy.request import AccessRequest
from gateway.policy.rule import Rule
from gateway.policy.selection import Names, Selection
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Someone:
    """Who asks."""

    subject: str = "alice"
    issuer: str = "https://id.example"
    groups: tuple[str, ...] = ("analysts",)


FETCH = AccessRequest(
    api_key=ApiKey.FETCH,
    listener="clients",
    principal=Someone(),
    client_id="app-1",
    peer="10.0.0.7:4000",
    topics=frozenset({"orders"}),
)


def about(*topics: str) -> AccessRequest:
    """Ask to fetch some topics."""
    return AccessRequest(
        api_key=ApiKey.FETCH,
        listener=FETCH.listener,
        principal=FETCH.principal,
        client_id=FETCH.client_id,
        peer=FETCH.peer,
        topics=frozenset(topics),
    )


def names(*texts: str) -> Names:
    """Select names by patterns."""
    return Names(included=Patterns(texts))


def rule(
    rule_id: str,
    effect: DecisionKind = DecisionKind.DENY,
    topics: Iterable[str] | None = None,
    **parts: object,
) -> Rule:
    """Make a rule about Fetch, whose selection has some more parts."""
    selected = None if topics is None else names(*topics)
    apis = parts.pop("apis", frozenset({int(ApiKey.FETCH)}))
    selection = Selection(apis=apis, topics=selected, **parts)  # type: ignore[arg-type] # any parts
    mask = MaskRule(
        id=rule_id,
        apis=frozenset({int(ApiKey.FETCH)}),
        fields=(MaskField(method=MaskMethod.REDACT, path="$.card"),),
        topics=selected,
    )
    return Rule(
        id=rule_id,
        effect=effect,
        selection=selection,
        mask=mask if effect is DecisionKind.MASK else None,
        hold=HoldRule(id=rule_id, reviewers=1) if effect is DecisionKind.HOLD else None,
    )
