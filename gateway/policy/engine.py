"""The policy: all rules together, asked about one request at a time.

The order of rules means nothing: deny stands above hold, hold above mask, mask above allow. Where
no rule speaks, the listener's default holds. A request on several topics is decided about topic by
topic, so that one topic may be refused and the others not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gateway.policy.api_class import ApiClass, class_of
from gateway.policy.condition import ConditionError, values_of
from gateway.policy.decision import Decision, DecisionKind
from gateway.policy.request import host_of
from gateway.policy.rule import Rule
from gateway.policy.selection import Selection
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gateway.policy.request import AccessRequest, Asking
    from gateway.policy.rule import Default

CLIENTS_MAX = 4_096
"""Clients times APIs whose rules are remembered; what is forgotten is only found again."""

TOPICS_MAX = 4_096
"""Topics remembered for each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A decision about a whole request, and what it means for its topics.

    `decision` is that about all of it: a denial when any part is denied. `passing` is that about
    what is left without the `denied` topics: a denial too, when nothing is left.
    """

    decision: Decision
    passing: Decision
    denied: frozenset[str]


class Policy:
    """The rules of a bundle with its digest, None where there is no bundle."""

    __slots__ = ("_about", "_clients", "_ranks", "allowed", "defaults", "digest", "rules")

    def __init__(
        self,
        rules: Sequence[Rule] = (),
        defaults: Sequence[Default] = (),
        *,
        digest: bytes | None = None,
    ) -> None:
        self.rules = tuple(rules)
        self.defaults = tuple(defaults)
        self.digest = digest
        self.allowed = Decision(DecisionKind.ALLOW, (), digest)
        """What is decided where nothing has to be looked at."""
        own = (UNKNOWN_API, *_DENIED_BY_DEFAULT.values())
        self._ranks = {rule.id: rank for rank, rule in enumerate((*self.rules, *own))}
        self._about = {
            api_key: tuple(rule for rule in self.rules if rule.selection.speaks_of(api_key))
            for api_key in map(int, ApiKey)
        }
        self._clients: dict[_Client, _Candidates] = {}

    def speaks_of(self, api_key: int) -> bool:
        """Say whether requests of an API need to be looked at; all others are `allowed`."""
        api_class = class_of(api_key)
        if api_class is ApiClass.LOGIN:
            return False
        is_denied = api_class is None or any(each.denies(api_class) for each in self.defaults)
        return is_denied or bool(self._about[api_key])

    def wants_numbers(self, api_key: int) -> bool:
        """Say whether a rule about an API looks at the numbers of a request."""
        return any(rule.selection.counts for rule in self._about.get(api_key, ()))

    def decide(self, request: AccessRequest) -> Decision:
        """Decide about a request as a whole."""
        return self._decision(list(self._parts(request)))

    def divide(self, request: AccessRequest) -> Division:
        """Decide about a request, and say which of its topics are denied."""
        parts = list(self._parts(request))
        decision = self._decision(parts)
        if not decision.is_denial:
            return Division(decision=decision, passing=decision, denied=frozenset())
        passing = [part for part in parts if not part.is_denied]
        return Division(
            decision=decision,
            passing=self._decision(passing) if passing else decision,
            denied=frozenset(
                part.topic for part in parts if part.is_denied and part.topic is not None
            ),
        )

    def _parts(self, request: AccessRequest) -> Iterator[_Part]:
        """Yield what is decided about each topic, or once about a request that names none."""
        api_class = class_of(request.api_key)
        if api_class is None:
            yield _Part(None, (UNKNOWN_API,))
        elif api_class is ApiClass.LOGIN:
            yield _Part(None, ())
        else:
            candidates = self._candidates(request, api_class)
            for topic in request.topics or (None,):
                yield _part(request, candidates, topic)

    def _candidates(self, request: AccessRequest, api_class: ApiClass) -> _Candidates:
        client = _Client(
            request.api_key,
            request.listener,
            request.principal,
            request.client_id,
            host_of(request.peer),
        )
        found = self._clients.get(client)
        if found is None:
            about = self._about[request.api_key]
            found = _Candidates(
                tuple(rule for rule in about if rule.selection.is_about_client(request)),
                self._default(request.listener, api_class),
                {},
            )
            if len(self._clients) >= CLIENTS_MAX:
                self._clients.clear()
            self._clients[client] = found
        return found

    def _default(self, listener: str, api_class: ApiClass) -> tuple[Rule, ...]:
        is_denied = any(
            each.denies(api_class) and each.is_about(listener) for each in self.defaults
        )
        return (_DENIED_BY_DEFAULT[api_class],) if is_denied else ()

    def _decision(self, parts: Sequence[_Part]) -> Decision:
        matching = {rule.id: rule for part in parts for rule in part.rules}
        if not matching:
            return self.allowed
        kind = max((rule.effect for rule in matching.values()), key=lambda each: each.severity)
        # What is held may be masked as well; a denial needs no other reason.
        least = DecisionKind.MASK if kind is DecisionKind.HOLD else kind
        behind = [rule for rule in matching.values() if rule.effect.severity >= least.severity]
        behind.sort(key=lambda rule: self._ranks[rule.id])
        holds = [rule.hold for rule in behind if rule.hold is not None]
        return Decision(
            kind,
            tuple(rule.id for rule in behind),
            self.digest,
            masks=tuple(rule.mask for rule in behind if rule.mask is not None),
            hold=max(holds, key=lambda hold: (hold.reviewers, hold.id), default=None),
            errors=tuple(error for part in parts for error in part.errors),
        )


def _part(request: AccessRequest, candidates: _Candidates, topic: str | None) -> _Part:
    matching: list[Rule] = []
    errors: list[str] = []
    values: dict[str, object] | None = None
    for rule in candidates.about(topic, is_any=request.topics is None):
        if not _matches(rule, request):
            continue
        condition = rule.selection.condition
        if condition is not None and values is None:
            # All conditions look at the same values, and these cost more than a condition.
            values = values_of(request, topic)
        try:
            if condition is None or condition.holds(values or {}):
                matching.append(rule)
        except ConditionError as error:
            # What was meant is not known, so the most restrictive is taken.
            matching.append(_denying(rule.id))
            errors.append(f"{rule.id}: {error}")
    return _Part(topic, tuple(matching) or candidates.default, tuple(errors))


def _matches(rule: Rule, request: AccessRequest) -> bool:
    selection = rule.selection
    wants_all = rule.effect is DecisionKind.ALLOW
    return not selection.varies or selection.is_about(request, wants_all=wants_all)


class _Part(NamedTuple):
    """The rules that decide about one topic of a request."""

    topic: str | None
    rules: tuple[Rule, ...]
    errors: tuple[str, ...] = ()

    @property
    def is_denied(self) -> bool:
        return any(rule.effect is DecisionKind.DENY for rule in self.rules)


class _Client(NamedTuple):
    """What stays the same while one client sends requests of one API."""

    api_key: int
    listener: str
    principal: Asking | None
    client_id: str | None
    host: str


class _Candidates(NamedTuple):
    """The rules about one client's requests, and what holds where none of them speaks."""

    rules: tuple[Rule, ...]
    default: tuple[Rule, ...]
    by_topic: dict[str | None, tuple[Rule, ...]]

    def about(self, topic: str | None, *, is_any: bool) -> tuple[Rule, ...]:
        """List the rules about a topic; `is_any` where it may be any topic of the cluster."""
        if is_any:
            return tuple(rule for rule in self.rules if _is_about_any(rule))
        found = self.by_topic.get(topic)
        if found is None:
            found = tuple(rule for rule in self.rules if rule.selection.is_about_topic(topic))
            if len(self.by_topic) >= TOPICS_MAX:
                self.by_topic.clear()
            self.by_topic[topic] = found
        return found


def _is_about_any(rule: Rule) -> bool:
    # The answer could hold any topic: a rule that restricts one of them restricts it, and only a
    # rule that allows all of them allows it.
    topics = rule.selection.topics
    return rule.effect is not DecisionKind.ALLOW or topics is None or topics.are_all


def _denying(rule_id: str) -> Rule:
    return Rule(id=rule_id, effect=DecisionKind.DENY, selection=Selection())


# Rules of the gateway's own: ids in a bundle have no colon.
UNKNOWN_API = _denying("gateway:unknown-api")
_DENIED_BY_DEFAULT = {each: _denying(f"default:{each}") for each in (ApiClass.DATA, ApiClass.ADMIN)}
