"""Rules of the engine, made of what stands in a bundle's files."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from gateway.policy.api_class import ApiClass
from gateway.policy.condition import Condition
from gateway.policy.decision import DecisionKind
from gateway.policy.hold_rule import Grant, HoldRule
from gateway.policy.mask_rule import MaskField, MaskRule
from gateway.policy.patterns import Patterns
from gateway.policy.rule import Default, Rule
from gateway.policy.selection import Bounds, Names, Principals, Selection
from gateway.policy.window import DAYS, Window
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from gateway.config.bundle_model import (
        BundleDefault,
        BundleRule,
        ExceptPrincipals,
        SomePrincipals,
        Times,
    )


def rule_of(written: BundleRule) -> Rule:
    """Make a rule."""
    effect = DecisionKind(written.effect)
    return Rule(
        id=written.id,
        effect=effect,
        selection=_selection(written),
        mask=_mask(written) if effect is DecisionKind.MASK else None,
        hold=_hold(written),
    )


def default_of(written: BundleDefault) -> Default:
    """Make a default."""
    verdicts = {ApiClass.DATA: written.data, ApiClass.ADMIN: written.admin}
    denied = frozenset(each for each, verdict in verdicts.items() if verdict == "deny")
    return Default(listeners=_names(written.listeners, None), denied=denied)


def minute_of(clock: str) -> int:
    """Read "HH:MM" as a minute of the day."""
    hours, _, minutes = clock.partition(":")
    return 60 * int(hours) + int(minutes)


def _selection(written: BundleRule) -> Selection:
    excepting = written.excepting
    names = {
        part: _names(getattr(written, part), getattr(excepting, part, None))
        for part in ("listeners", "client_ids", "topics", "consumer_groups", "transactional_ids")
    }
    return Selection(
        apis=_apis(written),
        principals=None if written.principals is None else _principals(written.principals),
        peers=None if written.peers is None else tuple(map(ip_network, written.peers)),
        windows=tuple(map(_window, written.times)),
        numbers=None
        if written.numbers is None
        else {
            name: Bounds(above=bounds.above, below=bounds.below)
            for name, bounds in written.numbers.items()
        },
        condition=None if written.when is None else Condition(written.when),
        **names,
    )


def _apis(written: BundleRule) -> frozenset[int] | None:
    return None if written.apis is None else frozenset(int(ApiKey[name]) for name in written.apis)


def _patterns(texts: tuple[str, ...] | None) -> Patterns | None:
    return None if texts is None else Patterns(texts)


def _names(included: tuple[str, ...] | None, excluded: tuple[str, ...] | None) -> Names | None:
    if included is None and excluded is None:
        return None
    return Names(included=_patterns(included), excluded=_patterns(excluded))


def _principals(written: SomePrincipals | ExceptPrincipals) -> Principals:
    excepting = getattr(written, "excepting", None)
    return Principals(
        subjects=_patterns(written.subjects),
        issuers=_patterns(written.issuers),
        groups=_patterns(written.groups),
        excluded=None if excepting is None else _principals(excepting),
    )


def _window(written: Times) -> Window:
    return Window(
        weekdays=frozenset(map(DAYS.index, written.weekdays or DAYS)),
        start_minute=minute_of(written.begin),
        end_minute=minute_of(written.end),
    )


def _mask(written: BundleRule) -> MaskRule:
    return MaskRule(
        id=written.id,
        apis=_apis(written) or frozenset(),
        fields=tuple(MaskField(**field.model_dump()) for field in written.fields),
        topics=_names(
            written.topics, None if written.excepting is None else written.excepting.topics
        ),
        format=written.format,
        on_undecodable=written.on_undecodable,
    )


def _hold(written: BundleRule) -> HoldRule | None:
    approval = written.approval
    if approval is None:
        return None
    return HoldRule(
        id=written.id,
        reviewers=approval.reviewers,
        groups=approval.groups,
        wait_seconds=approval.wait_seconds,
        grant=Grant(**approval.grant.model_dump()),
    )
