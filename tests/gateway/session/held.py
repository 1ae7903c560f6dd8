"""Sessions whose policy holds requests, for scripts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.approval.answer import Answer, AnswerKind
from gateway.evidence.event import EventKind
from gateway.policy.current import CurrentPolicy
from gateway.policy.decision import DecisionKind
from gateway.policy.engine import Policy
from gateway.policy.hold_rule import Grant, GrantKind, HoldRule
from gateway.session.effects import AskApproval
from gateway.session.signals import ClientBytes
from gateway.wire.api_keys import ApiKey
from tests.gateway.policy.policies import rule
from tests.gateway.session.conversation import connected, new_session

if TYPE_CHECKING:
    from gateway.policy.rule import Rule
    from tests.playbook import Playbook

HELD_APIS = frozenset({int(ApiKey.FETCH), int(ApiKey.PRODUCE), int(ApiKey.DELETE_TOPICS)})

GRANTED = Answer(kind=AnswerKind.GRANTED, request_id="r1")
CHARGED = Answer(kind=AnswerKind.GRANTED, request_id="r1", is_charged=True)
WAITS = Answer(kind=AnswerKind.WAIT, request_id="r1")
REFUSED = Answer(kind=AnswerKind.REFUSED, request_id="r1", reason="denied")

EXCHANGE = EventKind.EXCHANGE


def hold_rule(kind: GrantKind = GrantKind.SINGLE) -> Rule:
    """Make a rule that holds some APIs for two of a group."""
    hold = HoldRule(id="bulk", reviewers=2, groups=("security",), grant=Grant(kind=kind))
    return replace(rule("bulk", DecisionKind.HOLD, apis=HELD_APIS), hold=hold)


def holding() -> Playbook:
    """Begin a script with the broker connected and a policy that holds."""
    policy = CurrentPolicy(Policy([hold_rule()]))
    return connected(new_session(policy=policy, approves=True))


def held(request: bytes) -> Playbook:
    """Go on to where a request is held, as the second exchange of its connection."""
    play = holding() >> ClientBytes(request)
    effect = play.take()

    assert isinstance(effect, AskApproval)
    assert effect.exchange == 1
    return play
