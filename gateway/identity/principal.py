"""Who a client is, once that has been verified."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A verified identity: a subject, and the issuer that vouches for it."""

    issuer: str
    subject: str
    groups: tuple[str, ...] = ()

    def is_same(self, other: Principal) -> bool:
        """Tell whether this is the same client, whatever groups it is in now."""
        return (self.issuer, self.subject) == (other.issuer, other.subject)


ANONYMOUS = Principal(issuer="none", subject="ANONYMOUS")
"""Who everybody is on a listener without authentication; Kafka's own word for it."""
