"""Every key of a bundle's files: rules, defaults, and the cases that test them."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from gateway.apis.access import names_consumer_groups, names_transactional_ids
from gateway.apis.refusal import refusable
from gateway.apis.touches import names_topics
from gateway.config.model import Name
from gateway.config.section import Section
from gateway.policy.api_class import ApiClass, class_of
from gateway.policy.condition import Condition
from gateway.policy.hold_rule import MINUTES_MAX, GrantKind
from gateway.policy.mask_rule import MaskFormat, MaskMethod, OnUndecodable, RecordPart
from gateway.policy.patterns import Patterns
from gateway.policy.request import NUMBERS
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Callable

RULES_MAX = 10_000
PATTERN_CHARACTERS_MAX = 1_000
CARRIES_RECORDS = frozenset({ApiKey.PRODUCE, ApiKey.FETCH, ApiKey.SHARE_FETCH})


def _api(name: str) -> str:
    if name not in ApiKey.__members__:
        raise ValueError(f"no API is called {name!r}; docs/kafka-support.md lists them")
    api_key = ApiKey[name]
    if class_of(api_key) is ApiClass.LOGIN or api_key not in frozenset(refusable().values()):
        raise ValueError(f"{name} cannot be in a rule: nobody can be refused it, or asks for it")
    return name


def _pattern(text: str) -> str:
    Patterns((text,))
    return text


def _network(text: str) -> str:
    ip_network(text)
    return text


def _condition(text: str) -> str:
    Condition(text)
    return text


def _number(name: str) -> str:
    if name not in NUMBERS:
        raise ValueError(f"no number is called {name!r}: there are {', '.join(NUMBERS)}")
    return name


Pattern = Annotated[
    str, Field(min_length=1, max_length=PATTERN_CHARACTERS_MAX), AfterValidator(_pattern)
]
SomePatterns = Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=1_000)]
NetworkText = Annotated[str, AfterValidator(_network)]
ConditionText = Annotated[str, Field(min_length=1), AfterValidator(_condition)]
NumberName = Annotated[str, AfterValidator(_number)]
Api = Annotated[str, AfterValidator(_api)]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Clock = Annotated[str, Field(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class BundleSection(Section):
    """What all sections of a bundle's files share."""

    page: ClassVar[str] = "docs/policy.md"


class ExceptNames(BundleSection):
    """Names that a rule leaves out."""

    listeners: SomePatterns | None = None
    client_ids: SomePatterns | None = None
    topics: SomePatterns | None = None
    consumer_groups: SomePatterns | None = None
    transactional_ids: SomePatterns | None = None


class ExceptPrincipals(BundleSection):
    """Principals that a rule leaves out: who matches all that is given."""

    subjects: SomePatterns | None = None
    issuers: SomePatterns | None = None
    groups: SomePatterns | None = None


class SomePrincipals(BundleSection):
    """Principals that a rule is about: who matches all that is given, less some."""

    subjects: SomePatterns | None = None
    issuers: SomePatterns | None = None
    groups: SomePatterns | None = None
    excepting: Annotated[ExceptPrincipals | None, Field(alias="except")] = None


class Times(BundleSection):
    """A window of time in UTC; one that ends before it begins goes on after midnight."""

    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)] | None = None
    begin: Annotated[Clock, Field(alias="from")] = "00:00"
    end: Annotated[Clock, Field(alias="to")] = "24:00"


class NumberBounds(BundleSection):
    """What a number must lie above and below."""

    above: Annotated[int, Field(ge=0)] | None = None
    below: Annotated[int, Field(ge=0)] | None = None


class MaskedField(BundleSection):
    """One field that is masked, chosen by path, schema tag, header name or part alone."""

    method: MaskMethod
    part: RecordPart = RecordPart.VALUE
    path: Annotated[str, Field(min_length=1, max_length=1_000)] | None = None
    tag: Annotated[str, Field(min_length=1, max_length=249)] | None = None
    name: Annotated[str, Field(min_length=1, max_length=249)] | None = None
    keep_first: Annotated[int, Field(ge=0, le=6)] = 0
    keep_last: Annotated[int, Field(ge=0, le=4)] = 0
    key: Name | None = None
    allow_key: bool = False

    @model_validator(mode="before")
    @classmethod
    def _null_is_a_method(cls, written: object) -> object:
        # YAML reads a bare null as nothing, and it is the method's name.
        if isinstance(written, dict) and "method" in written and written["method"] is None:
            return {**written, "method": "null"}
        return written


class ApprovalGrant(BundleSection):
    """What an approval is good for."""

    kind: GrantKind = GrantKind.SINGLE
    minutes: Annotated[int, Field(ge=1, le=MINUTES_MAX)] | None = None
    records_max: Annotated[int, Field(ge=1)] | None = None
    bytes_max: Annotated[int, Field(ge=1)] | None = None


class Approval(BundleSection):
    """Who must approve, and how long the request waits for it."""

    reviewers: Annotated[int, Field(ge=1, le=10)] = 1
    groups: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    wait_seconds: Annotated[int, Field(ge=0, le=25)] = 20
    grant: ApprovalGrant = ApprovalGrant()


class BundleRule(BundleSection):
    """One rule: the requests that it is about, and what becomes of them."""

    id: Name
    description: Annotated[str, Field(max_length=1_000)] = ""
    effect: Literal["allow", "mask", "hold", "deny"]
    listeners: SomePatterns | None = None
    apis: Annotated[tuple[Api, ...], Field(min_length=1)] | None = None
    principals: SomePrincipals | None = None
    client_ids: SomePatterns | None = None
    peers: Annotated[tuple[NetworkText, ...], Field(min_length=1, max_length=1_000)] | None = None
    topics: SomePatterns | None = None
    consumer_groups: SomePatterns | None = None
    transactional_ids: SomePatterns | None = None
    excepting: Annotated[ExceptNames | None, Field(alias="except")] = None
    times: Annotated[tuple[Times, ...], Field(max_length=100)] = ()
    numbers: dict[NumberName, NumberBounds] | None = None
    when: ConditionText | None = None
    fields: Annotated[tuple[MaskedField, ...], Field(max_length=1_000)] = ()
    format: MaskFormat = MaskFormat.AUTO
    on_undecodable: OnUndecodable | None = None
    approval: Approval | None = None

    @model_validator(mode="after")
    def _effect_has_what_it_needs(self) -> BundleRule:
        apis = [ApiKey[name] for name in self.apis or ()]
        if bool(self.fields) != (self.effect == "mask"):
            raise ValueError("`fields` say what is masked: a rule has them if its effect is mask")
        if (self.approval is not None) != (self.effect == "hold"):
            raise ValueError("`approval` says who decides: a rule has it if its effect is hold")
        if self.effect == "mask" and (not apis or not CARRIES_RECORDS.issuperset(apis)):
            raise ValueError("a mask is about records: name apis of PRODUCE, FETCH, SHARE_FETCH")
        if self.effect == "hold" and (not apis or ApiKey.METADATA in apis):
            raise ValueError("a hold names its apis, and METADATA is none: clients cannot wait")
        for part, names in _NAMING.items():
            blind = [api.name for api in apis if not names(api)]
            if getattr(self, part) is not None and blind:
                raise ValueError(
                    f"{', '.join(blind)} names no {part}, and would never be matched by a rule "
                    f"about some: leave {part} out, or put it into a rule of its own"
                )
        return self


class BundleDefault(BundleSection):
    """What holds on some listeners where no rule speaks."""

    listeners: SomePatterns | None = None
    data: Literal["allow", "deny"] = "allow"
    admin: Literal["allow", "deny"] = "deny"


class RulesFile(BundleSection):
    """One file of rules."""

    defaults: Annotated[tuple[BundleDefault, ...], Field(max_length=100)] = ()
    rules: Annotated[tuple[BundleRule, ...], Field(max_length=RULES_MAX)] = ()


class CaseTime(BundleSection):
    """A moment in the week, in UTC."""

    weekday: Weekday = "monday"
    at: Clock = "12:00"


class CaseRequest(BundleSection):
    """A request as a case describes it; `topics: any` is one that may be about any topic."""

    api: Api
    api_version: Annotated[int, Field(ge=0, le=1_000)] = 0
    listener: str = ""
    issuer: str = ""
    subject: str = ""
    groups: tuple[str, ...] = ()
    client_id: str | None = None
    peer: str = ""
    topics: tuple[str, ...] | Literal["any"] = ()
    consumer_groups: tuple[str, ...] = ()
    transactional_ids: tuple[str, ...] = ()
    numbers: dict[NumberName, int] = Field(default_factory=dict)
    time: CaseTime = CaseTime()


class Case(BundleSection):
    """A request with the decision that it must get."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    request: CaseRequest
    expect: Literal["allow", "mask", "hold", "deny"]
    rules: tuple[str, ...] | None = None


class CasesFile(BundleSection):
    """One file of cases."""

    cases: Annotated[tuple[Case, ...], Field(max_length=RULES_MAX)] = ()


_NAMING: dict[str, Callable[[ApiKey], bool]] = {
    "topics": names_topics,
    "consumer_groups": names_consumer_groups,
    "transactional_ids": names_transactional_ids,
}
