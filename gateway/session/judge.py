"""What the policy says about one request of a session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gateway.apis.access import consumer_groups, numbers, transactional_ids
from gateway.apis.error_codes import ErrorCode
from gateway.apis.masking import Masker, Masking
from gateway.apis.partial import is_divisible, named_topics
from gateway.apis.touches import Touched, touched
from gateway.policy.decision import ALLOWED, Decision, DecisionKind
from gateway.policy.request import AccessRequest
from gateway.policy.view import View
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.apis.recording import Knowledge
    from gateway.policy.engine import Division, Policy
    from gateway.session.options import SessionOptions
    from gateway.session.signals import Instant
    from gateway.session.stamp import Stamp
    from gateway.wire.headers import RequestHeader
    from gateway.wire.readers import Body


@dataclass(frozen=True, slots=True)
class Judgement:
    """A decision, and the error to refuse with where it is not the API's own.

    Where only the topics in `denied` are refused, `passing` is the decision about the others.
    """

    decision: Decision
    error_code: ErrorCode | None = None
    denied: frozenset[str] = frozenset()
    passing: Decision = ALLOWED


class Judge:
    """Asks the policy in force about the requests of one session."""

    __slots__ = ("_approves", "_current", "_knowledge", "_plans", "_stamp")

    def __init__(self, options: SessionOptions, knowledge: Knowledge, stamp: Stamp) -> None:
        self._approves = options.approves
        self._current = options.policy
        self._plans = options.plans
        self._knowledge = knowledge
        self._stamp = stamp

    def judge(self, header: RequestHeader, body: Body, now: Instant) -> Judgement:
        """Decide about a request."""
        policy = self._current.policy
        api_key = header.api_key
        if not policy.speaks_of(api_key):
            return Judgement(policy.allowed)
        topics = self._touched(api_key, body)
        request = self._request(policy, header, body, now)
        division = policy.divide(replace(request, topics=topics.names))
        decision = self._enforceable(division.decision)
        error_code = self._knowledge.lost_session(api_key, body)
        if error_code is None and topics.unknown_ids:
            error_code = ErrorCode.UNKNOWN_TOPIC_ID
        if error_code is None and division.denied and is_divisible(api_key, body):
            return self._divided(header, body, division)
        if decision.is_denial or error_code is None:
            return Judgement(decision)
        # An id without a name, or another connection's session, could be about any topic: a rule
        # about topics must not be passed by it.
        decision = self._enforceable(policy.decide(replace(request, topics=None)))
        # Nor is anybody asked about it: the client names its topics first.
        return Judgement(refused(decision) if decision.hold else decision, error_code)

    def mask(self, header: RequestHeader, decision: Decision, body: Body) -> Masking | None:
        """Mask the records of a request in place; None where there is nothing to mask."""
        if not decision.masks or header.api_key != ApiKey.PRODUCE:
            return None
        masker = Masker(self._plans, self._knowledge.topics, decision.masks, header)
        return masker.mask_request(body)

    def view(self, header: RequestHeader, body: Body, now: Instant) -> View | None:
        """Give the policy's view of a request whose answer will be looked at, None without one."""
        policy = self._current.policy
        if not policy.speaks_of(header.api_key):
            return None
        return View(policy, self._request(policy, header, body, now))

    def _divided(self, header: RequestHeader, body: Body, division: Division) -> Judgement:
        named = named_topics(header.api_key, body, self._knowledge.topics)
        if not division.denied <= named:
            # A session remembers a topic that a later policy denies: the client must begin anew.
            return Judgement(division.decision, ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
        passing = self._enforceable(division.passing)
        if passing.is_denial or passing.hold is not None:
            # Nobody is asked about a part: the client asks for that alone.
            return Judgement(self._enforceable(division.decision))
        return Judgement(division.decision, denied=division.denied, passing=passing)

    @property
    def allowed(self) -> Decision:
        """What is decided where no rule speaks."""
        return self._current.policy.allowed

    def _touched(self, api_key: int, body: Body) -> Touched:
        """Collect the topics of a request, and of a Fetch those that its session remembers."""
        topics = touched(api_key, body, self._knowledge.topics)
        if api_key != ApiKey.FETCH:
            return topics
        assert topics.names is not None, "a Fetch names its topics"
        names, unknown_ids = set(topics.names), set(topics.unknown_ids)
        for key in self._knowledge.fetch_sessions.remembered(body):
            if isinstance(key, str):
                names.add(key)
            elif (name := self._knowledge.topics.name_of(key)) is None:
                unknown_ids.add(key)
            else:
                names.add(name)
        return Touched(names=frozenset(names), unknown_ids=frozenset(unknown_ids))

    def _request(
        self, policy: Policy, header: RequestHeader, body: Body, now: Instant
    ) -> AccessRequest:
        api_key = header.api_key
        return AccessRequest(
            api_key=api_key,
            api_version=header.api_version,
            listener=self._stamp.listener,
            principal=self._stamp.principal,
            client_id=header.client_id,
            peer=self._stamp.peer,
            consumer_groups=consumer_groups(api_key, body),
            transactional_ids=transactional_ids(api_key, body),
            numbers=numbers(api_key, body) if policy.wants_numbers(api_key) else {},
            wall_ns=now.wall_ns,
        )

    def _enforceable(self, decision: Decision) -> Decision:
        """Turn what cannot be carried out into a denial: where nobody is asked, nobody approves."""
        return decision if decision.hold is None or self._approves else refused(decision)


def refused(decision: Decision) -> Decision:
    """Make what a rule would hold a denial by the same rule."""
    return Decision(DecisionKind.DENY, decision.rule_ids, decision.bundle_digest)
