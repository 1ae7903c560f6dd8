"""Conditions in CEL: compiled when a bundle is loaded, true only when they say so.

Every name is declared with its type, so that a misspelled one or a comparison of unlike things
stops the load. Text patterns are RE2's, and the runtime's own budget ends comprehensions that would
run for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from cel_expr_python import cel

from gateway.policy.request import NUMBERS, host_of
from gateway.policy.window import Moment
from gateway.wire.api_keys import ApiKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.policy.request import AccessRequest

CHARACTERS_MAX = 2_000
"""The longest expression; an auditor reads each of them."""


class ConditionError(Exception):
    """A condition has no answer: what it guards must not pass."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression over `request`, `principal` and `time`; raises ValueError if it is none."""

    text: str
    _compiled: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the text."""
        if len(self.text) > CHARACTERS_MAX:
            raise ValueError(f"is longer than {CHARACTERS_MAX} characters: split the rule")
        try:
            compiled = _environment().compile(self.text)
        except RuntimeError as error:
            raise ValueError(f"is no condition: {_first_line(error)}") from None
        if compiled.return_type() != cel.Type.BOOL:
            raise ValueError(
                f"must be true or false, and is {compiled.return_type().name()}: compare it"
            )
        object.__setattr__(self, "_compiled", compiled)

    def holds(self, values: Mapping[str, object]) -> bool:
        """Say whether the condition is true of some values; raises ConditionError."""
        try:
            result = self._compiled.eval(data=values)
        except RuntimeError as error:
            raise ConditionError(_first_line(error)) from None
        # An error is a value of CEL's, and its text would be true to Python.
        if result.type() != cel.Type.BOOL:
            raise ConditionError(str(result.value()))
        return result.value() is True


def values_of(request: AccessRequest, topic: str | None) -> dict[str, object]:
    """Give what conditions can look at, while one topic of a request is decided about."""
    principal = request.principal
    moment = Moment.of(request.wall_ns)
    return {
        "request.api": ApiKey(request.api_key).name,
        "request.api_version": request.api_version,
        "request.listener": request.listener,
        "request.client_id": request.client_id or "",
        "request.peer": host_of(request.peer),
        "request.topic": topic or "",
        "request.topics": sorted(request.topics or ()),
        "request.consumer_groups": sorted(request.consumer_groups),
        "request.transactional_ids": sorted(request.transactional_ids),
        "principal.subject": "" if principal is None else principal.subject,
        "principal.issuer": "" if principal is None else principal.issuer,
        "principal.groups": [] if principal is None else list(principal.groups),
        "time.weekday": moment.weekday + 1,
        "time.hour": moment.minute // 60,
        "time.minute": moment.minute % 60,
        **{f"request.{name}": request.numbers.get(name, 0) for name in NUMBERS},
    }


@cache
def _environment() -> Any:  # noqa: ANN401 - the library's own type is not annotated
    text, number = cel.Type.STRING, cel.Type.INT
    texts = cel.Type.List(text)
    return cel.NewEnv(
        variables={
            **dict.fromkeys(TEXTS, text),
            **dict.fromkeys(LISTS, texts),
            **dict.fromkeys(INTEGERS, number),
        }
    )


def _first_line(error: RuntimeError) -> str:
    return str(error).partition("\n")[0]


TEXTS = (
    "request.api",
    "request.listener",
    "request.client_id",
    "request.peer",
    "request.topic",
    "principal.subject",
    "principal.issuer",
)

LISTS = (
    "request.topics",
    "request.consumer_groups",
    "request.transactional_ids",
    "principal.groups",
)

INTEGERS = (
    "request.api_version",
    "time.weekday",
    "time.hour",
    "time.minute",
    *(f"request.{name}" for name in NUMBERS),
)
