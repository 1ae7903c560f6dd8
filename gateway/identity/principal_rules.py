"""Rules that turn a certificate's name into a user's, in Kafka's own grammar (KIP-371).

`RULE:pattern/replacement/[LU]` and `DEFAULT`, separated by commas: `ssl.principal.mapping.rules`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

RULES_CHARACTERS_MAX = 10_000
_RULE = re.compile(
    r"\s*(?:(?P<default>DEFAULT)|"
    r"RULE:(?P<pattern>(?:\\.|[^\\/])*)/(?P<replacement>(?:\\.|[^\\/])*)/(?P<case>[LU]?))"
    r"\s*(?:,|\Z)",
    re.DOTALL,
)
# What may stand for something else in a replacement of Java's Matcher.
_REFERENCE = re.compile(r"\\(?P<literal>.)|\$(?P<number>\d+)|\$\{(?P<name>\w+)\}", re.DOTALL)
_JAVA_GROUP = re.compile(r"\(\?<(?=[A-Za-z])")


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    replacement: str
    case: str

    def apply(self, name: str) -> str | None:
        """Return the user's name, or None where the pattern is not that of the whole name."""
        if self.pattern.fullmatch(name) is None:
            return None
        # Like Java's replaceAll, which takes each match, not only one of the whole.
        user = self.pattern.sub(partial(_fill_in, self.replacement), name)
        return {"L": user.lower(), "U": user.upper()}.get(self.case, user)


@dataclass(frozen=True, slots=True)
class PrincipalRules:
    """Rules in their order; the first that fits decides."""

    _rules: tuple[_Rule | None, ...]

    def user(self, name: str) -> str | None:
        """Return the user's name, None where no rule fits; an empty one is none."""
        for rule in self._rules:
            user = name if rule is None else rule.apply(name)
            if user is not None:
                return user or None
        return None


def parse_principal_rules(text: str) -> PrincipalRules:
    """Read rules; raises ValueError with the place that is wrong."""
    rules: list[_Rule | None] = []
    position = 0
    while position < len(text.rstrip()):
        found = _RULE.match(text, position)
        if found is None:
            rest = text[position : position + 60].strip()
            raise ValueError(
                f"has no rule at {rest!r}: rules are DEFAULT or RULE:pattern/replacement/[LU], "
                "separated by commas"
            )
        rules.append(None if found["default"] else _rule(found))
        position = found.end()
    if not rules:
        raise ValueError("has no rule: leave it out, or write DEFAULT")
    return PrincipalRules(tuple(rules))


def _rule(found: re.Match[str]) -> _Rule:
    written = found["pattern"]
    try:
        pattern = re.compile(_JAVA_GROUP.sub("(?P<", written))
    except re.error as error:
        raise ValueError(f"has a pattern that is none: {written!r}: {error}") from None
    return _Rule(pattern, found["replacement"], found["case"])


def _fill_in(replacement: str, match: re.Match[str]) -> str:
    """Put the groups of a match into a replacement; what names no group stays as it is."""

    def stand_in(reference: re.Match[str]) -> str:
        if reference["literal"] is not None:
            return str(reference["literal"])
        if reference["name"] is not None:
            known = reference["name"] in match.re.groupindex
            return (match[reference["name"]] or "") if known else reference[0]
        return _numbered(reference["number"], match)

    return _REFERENCE.sub(stand_in, replacement)


def _numbered(number: str, match: re.Match[str]) -> str:
    # Java takes as many digits as still name a group; the rest is text.
    for end in range(len(number), 0, -1):
        if int(number[:end]) <= match.re.groups:
            return (match[int(number[:end])] or "") + number[end:]
    return f"${number}"
