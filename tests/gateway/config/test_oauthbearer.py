"""Which tokens a listener takes is said strictly."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.config.oauthbearer import OAuthBearer

GIVEN: dict[str, object] = {"issuer": "https://idp.example/r", "audiences": ("kafka",)}


@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "http://idp.example/r"},
        {"issuer": "https://idp.example/r?x"},
        {"audiences": ()},
        {"keys": "http://idp.example/keys"},
        {"keys": "file:///keys.json"},
        {"algorithms": ()},
        {"algorithms": ("HS256",)},
        {"algorithms": ("none",)},
        {"groups_claim": "$.a[0]"},
        {"principal_claims": ()},
        {"groups_delimiter": ""},
        {"certificate_binding": "off"},
        {"jwks": "https://idp.example/keys"},
    ],
)
def test_what_would_let_in_too_much_is_refused(change: dict[str, object]) -> None:
    """A shared secret in a public key set, keys without TLS, tokens for anybody."""
    with pytest.raises(ValidationError):
        OAuthBearer.model_validate(GIVEN | change)


@pytest.mark.parametrize("missing", ["issuer", "audiences"])
def test_issuer_and_audience_must_be_said(missing: str) -> None:
    """A token of anybody's, or for anybody, proves nothing."""
    with pytest.raises(ValidationError):
        OAuthBearer.model_validate({k: v for k, v in GIVEN.items() if k != missing})


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (None, None),
        ("keys.json", "/etc/gateway/keys.json"),
        ("https://idp.example/keys", "https://idp.example/keys"),
    ],
)
def test_files_count_from_the_configurations_folder(keys: str | None, expected: str | None) -> None:
    """URLs stay what they are."""
    given = OAuthBearer.model_validate(GIVEN | {"keys": keys, "ca": Path("ca.pem")})
    found = given.within(Path("/etc/gateway"))

    assert (expected, Path("/etc/gateway/ca.pem")) == (found.keys, found.ca)
    assert given.model_copy(update={"ca": None}).within(Path("/etc")).ca is None
