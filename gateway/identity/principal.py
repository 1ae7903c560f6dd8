"""Who a client is, once that has been verified."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A verified identity: a subject, and the issuer that vouches for it."""

    issuer: str
    subject: str
    groups: tuple[str, ...] = ()


ANONYMOUS = Principal(issuer="none", subject="ANONYMOUS")
"""Who everybody is on a listener without authentication; Kafka's own word for it."""
