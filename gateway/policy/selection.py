"""Which requests a rule is about: every part that is given must match, any of its items may."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING

from gateway.policy.request import host_of
from gateway.policy.window import Moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.policy.condition import Condition
    from gateway.policy.patterns import Patterns
    from gateway.policy.request import AccessRequest, Asking
    from gateway.policy.window import Window

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Principals:
    """Some principals: by subject, issuer and groups, all of which must match, less some others."""

    subjects: Patterns | None = None
    issuers: Patterns | None = None
    groups: Patterns | None = None
    excluded: Principals | None = None

    def match(self, asking: Asking | None) -> bool:
        """Say whether someone is among them; nobody has the name "", and no groups."""
        subject = "" if asking is None else asking.subject
        issuer = "" if asking is None else asking.issuer
        groups = () if asking is None else asking.groups
        return (
            (self.subjects is None or self.subjects.match(subject))
            and (self.issuers is None or self.issuers.match(issuer))
            and (self.groups is None or any(map(self.groups.match, groups)))
            and (self.excluded is None or not self.excluded.match(asking))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Some names: those that a pattern matches, less those that another one does."""

    included: Patterns | None = None
    excluded: Patterns | None = None

    def match(self, name: str) -> bool:
        """Say whether a name is among them."""
        is_included = self.included is None or self.included.match(name)
        return is_included and (self.excluded is None or not self.excluded.match(name))

    @property
    def are_all(self) -> bool:
        """Whether it is plain that no name is left out."""
        return self.excluded is None and (self.included is None or self.included.match_everything)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A number is in them when it is above the one and below the other; None bounds nothing."""

    above: int | None = None
    below: int | None = None

    def hold(self, number: int) -> bool:
        """Say whether a number is in the bounds."""
        return (self.above is None or number > self.above) and (
            self.below is None or number < self.below
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The requests that a rule is about; a part that is None leaves no request out.

    A request on several names (topics, groups, transactional ids) is selected by any of them for a
    rule that restricts, and only by all of them for one that allows.
    """

    apis: frozenset[int] | None = None
    listeners: Names | None = None
    principals: Principals | None = None
    client_ids: Names | None = None
    peers: tuple[Network, ...] | None = None
    topics: Names | None = None
    consumer_groups: Names | None = None
    transactional_ids: Names | None = None
    windows: tuple[Window, ...] = ()
    numbers: Mapping[str, Bounds] | None = None
    condition: Condition | None = None

    def speaks_of(self, api_key: int) -> bool:
        """Say whether the rule is about an API at all."""
        return self.apis is None or api_key in self.apis

    def is_about_client(self, request: AccessRequest) -> bool:
        """Say whether the parts match that stay the same while a client goes on."""
        return (
            (self.listeners is None or self.listeners.match(request.listener))
            and (self.client_ids is None or self.client_ids.match(request.client_id or ""))
            and (self.peers is None or _is_in(request.peer, self.peers))
            and (self.principals is None or self.principals.match(request.principal))
        )

    def is_about_topic(self, topic: str | None) -> bool:
        """Say whether the rule is about a topic; None where a request has none."""
        return self.topics is None or (topic is not None and self.topics.match(topic))

    @property
    def counts(self) -> bool:
        """Whether the numbers of a request are looked at."""
        return self.numbers is not None or self.condition is not None

    @property
    def varies(self) -> bool:
        """Whether one request of a client may be selected and the next one not, on one topic."""
        parts = (self.consumer_groups, self.transactional_ids, self.numbers)
        return any(part is not None for part in parts) or bool(self.windows)

    def is_about(self, request: AccessRequest, *, wants_all: bool) -> bool:
        """Say whether the parts match that may be others at each request."""
        return (
            _names_match(self.consumer_groups, request.consumer_groups, wants_all=wants_all)
            and _names_match(self.transactional_ids, request.transactional_ids, wants_all=wants_all)
            and self._is_now(request.wall_ns)
            and all(
                bounds.hold(request.numbers.get(name, 0))
                for name, bounds in (self.numbers or {}).items()
            )
        )

    def _is_now(self, wall_ns: int) -> bool:
        if not self.windows:
            return True
        moment = Moment.of(wall_ns)
        return any(window.holds(moment) for window in self.windows)


def _names_match(names: Names | None, asked: frozenset[str], *, wants_all: bool) -> bool:
    if names is None:
        return True
    found = map(names.match, asked)
    return bool(asked) and (all(found) if wants_all else any(found))


@lru_cache(maxsize=4096)
def _is_in(peer: str, networks: tuple[Network, ...]) -> bool:
    try:
        address = ip_address(host_of(peer).partition("%")[0])
    except ValueError:
        # A connection that could not be asked where it is from.
        return False
    return any(address in network for network in networks)
