"""Who is not let in whatever they present: an issuer with a subject, or one token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gateway.identity.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """One line of the list, with a subject or a jti: what is given must all fit."""

    issuer: str | None = None
    subject: str | None = None
    jti: str | None = None
    reason: str = ""


class DenyList:
    """The denials in force; sessions share it, and look at it with every request."""

    __slots__ = ("_by_name",)

    def __init__(self, denials: Iterable[Denial] = ()) -> None:
        self._by_name: Mapping[tuple[str | None, str | None], Sequence[Denial]] = {}
        self.replace(denials)

    def replace(self, denials: Iterable[Denial]) -> None:
        """Put other denials in force, for sessions under way too."""
        # A list may be long, and is looked at with every request.
        by_name: dict[tuple[str | None, str | None], list[Denial]] = {}
        for denial in denials:
            by_name.setdefault((denial.subject, denial.jti), []).append(denial)
        self._by_name = by_name

    def find(self, principal: Principal, jti: str | None) -> Denial | None:
        """Find what denies a principal with this token."""
        subject = principal.subject
        for name in ((subject, None), (None, jti), (subject, jti)):
            for denial in self._by_name.get(name, ()):
                if denial.issuer in {None, principal.issuer}:
                    return denial
        return None
