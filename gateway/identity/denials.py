"""Who is not let in whatever they present: an issuer with a subject, or one token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.identity.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """One line of the list: what is given must all fit."""

    issuer: str | None = None
    subject: str | None = None
    jti: str | None = None
    reason: str = ""


class DenyList:
    """The denials in force; sessions share it, and look at it with every request."""

    __slots__ = ("_denials",)

    def __init__(self, denials: Iterable[Denial] = ()) -> None:
        self._denials = tuple(denials)

    def replace(self, denials: Iterable[Denial]) -> None:
        """Put other denials in force, for sessions under way too."""
        self._denials = tuple(denials)

    def find(self, principal: Principal, jti: str | None) -> Denial | None:
        """Find what denies a principal with this token."""
        for denial in self._denials:
            wanted = (denial.issuer, denial.subject, denial.jti)
            given = (principal.issuer, principal.subject, jti)
            if all(want in {None, has} for want, has in zip(wanted, given, strict=True)):
                return denial
        return None
