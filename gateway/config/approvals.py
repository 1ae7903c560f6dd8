"""How approvals are kept, and who gives them."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from gateway.config.section import Section

MIB = 1024 * 1024
SQLITE = "sqlite:///"

Group = Annotated[str, Field(min_length=1, max_length=255)]
Groups = Annotated[tuple[Group, ...], Field(max_length=100)]
Claim = Annotated[str, Field(min_length=1, max_length=255)]


class ApprovalsTls(Section):
    """The certificate that the reviewers' API shows."""

    certificate: Path
    key: Path


class Reviewers(Section):
    """The OpenID provider that vouches for people, and what its groups may do."""

    issuer: Annotated[str, Field(min_length=1)]
    audience: Annotated[str, Field(min_length=1)]
    jwks: Annotated[str, Field(pattern=r"^https?://[^/\s]+(/\S*)?$")]
    groups_claim: Claim = "groups"
    name_claims: Annotated[tuple[Claim, ...], Field(max_length=8)] = (
        "preferred_username",
        "email",
    )
    reviewer_groups: Annotated[tuple[Group, ...], Field(min_length=1, max_length=100)]
    auditor_groups: Groups = ()
    break_glass_groups: Groups = ()


class Approvals(Section):
    """The requests that people must approve: where they are kept, and where they are decided."""

    host: Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[^\s/@]+$")] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)]
    tls: ApprovalsTls | None = None
    database: Annotated[str, Field(pattern=r"^(sqlite:///|postgresql://).+$", repr=False)]
    pending_minutes: Annotated[int, Field(ge=1, le=10_080)] = 1_440
    open_requests_max: Annotated[int, Field(ge=1, le=10_000)] = 100
    held_requests_max: Annotated[int, Field(ge=1, le=10_000)] = 16
    held_bytes_max: Annotated[int, Field(ge=MIB, le=1024 * MIB)] = 64 * MIB
    reviewers: Reviewers

    @model_validator(mode="after")
    def _keeps_tokens_secret(self) -> Approvals:
        if self.tls is None and not _is_loopback(self.host):
            raise ValueError(
                f"tokens would travel to {self.host} in clear: add tls, or listen on 127.0.0.1"
            )
        return self

    def within(self, folder: Path) -> Approvals:
        """Return the section with paths that count from a folder."""
        changed: dict[str, object] = {}
        if self.database.startswith(SQLITE):
            changed["database"] = f"{SQLITE}{folder / self.database.removeprefix(SQLITE)}"
        if self.tls is not None:
            files = {"certificate": folder / self.tls.certificate, "key": folder / self.tls.key}
            changed["tls"] = self.tls.model_copy(update=files)
        return self.model_copy(update=changed)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
