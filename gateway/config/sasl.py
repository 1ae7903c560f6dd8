"""How the gateway itself logs in at the brokers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from gateway.config.section import Section

Text = Annotated[str, Field(min_length=1, max_length=1_000)]


class PasswordSasl(Section):
    """A name and a password, which lies in a file."""

    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
    username: Text
    password_file: Path
    allow_plaintext: bool = False

    def within(self, folder: Path) -> PasswordSasl:
        """Return the section with its path counted from a folder."""
        return self.model_copy(update={"password_file": folder / self.password_file})


class TokenSasl(Section):
    """Tokens of an authorization server, for the gateway as its client (RFC 6749 section 4.4)."""

    mechanism: Literal["OAUTHBEARER"]
    token_url: Annotated[str, Field(pattern=r"^https?://[^/\s@]+(/\S*)?$")]
    client_id: Text
    client_secret_file: Path
    scope: Text | None = None
    ca: Path | None = None
    allow_plaintext: bool = False

    def within(self, folder: Path) -> TokenSasl:
        """Return the section with paths that count from a folder."""
        return self.model_copy(
            update={
                "client_secret_file": folder / self.client_secret_file,
                "ca": None if self.ca is None else folder / self.ca,
            }
        )


UpstreamSasl: TypeAlias = Annotated[PasswordSasl | TokenSasl, Field(discriminator="mechanism")]
