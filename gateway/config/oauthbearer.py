"""Which tokens a listener takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import Section
from gateway.identity.claim_path import parse_claim_path

Algorithm = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]


def _claim(text: str) -> str:
    parse_claim_path(text)
    return text


def _key_place(text: str) -> str:
    if "://" in text and not text.startswith("https://"):
        raise ValueError("must be an https URL or a file: keys must come from whom they seem to")
    return text


Text = Annotated[str, Field(min_length=1, max_length=2_048)]
Claim = Annotated[Text, AfterValidator(_claim)]


class OAuthBearer(Section):
    """SASL/OAUTHBEARER: access tokens of one issuer, for one of these audiences."""

    issuer: Annotated[str, Field(pattern=r"^https://[^\s?#]+$")]
    audiences: Annotated[tuple[Text, ...], Field(min_length=1, max_length=16)]
    keys: Annotated[Text, AfterValidator(_key_place)] | None = None
    ca: Path | None = None
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("RS256", "ES256")
    token_types: Annotated[tuple[Text, ...], Field(max_length=16)] = ()
    principal_claims: Annotated[tuple[Claim, ...], Field(min_length=1, max_length=16)] = ("sub",)
    groups_claim: Claim | None = None
    groups_delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    certificate_binding: Literal["if_bound", "required"] = "if_bound"
    over_plain: bool = False
    refresh_minutes: Annotated[int, Field(ge=1, le=1_440)] = 5
    expiry_minutes: Annotated[int, Field(ge=2, le=10_080)] = 60

    def within(self, folder: Path) -> OAuthBearer:
        """Return the section with its files counted from a folder."""
        keys = self.keys
        if keys is not None and not keys.startswith("https:"):
            keys = str(folder / keys)
        ca = None if self.ca is None else folder / self.ca
        return self.model_copy(update={"keys": keys, "ca": ca})
