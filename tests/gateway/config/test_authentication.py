"""Which keys a listener's authentication takes depends on its type."""

from __future__ import annotations

import pytest

from gateway.config.authentication import (
    MtlsAuthentication,
    NoAuthentication,
    ScramUser,
    authentication_type,
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"type": "plain"}, "plain"),
        ({"type": "none", "users": []}, "none"),
        ({"type": "Plain"}, "plain"),
        ({"type": "SASL"}, "sasl"),
        ({"scram": {}}, "sasl"),
        ({"type": "oauth", "plain": {}}, "sasl"),
        ({"users": []}, "plain"),
        ({"allow_plaintext": True, "type": 7}, "plain"),
        ({}, "none"),
        ({"type": "mtls", "users": []}, "mtls"),
        ({"type": "mTLS"}, "mtls"),
        ({"mapping_rules": ""}, "mtls"),
        (NoAuthentication(type="none"), "none"),
    ],
)
def test_a_type_that_is_wrong_is_guessed(written: object, expected: str) -> None:
    """So that the other keys are told about as what they were meant to be."""
    assert expected == authentication_type(written)


@pytest.mark.parametrize(
    "line", ["secret", "SCRAM-SHA-256$10:AAAA$AAAA:AAAA", "SCRAM-SHA-1$10000:AAAA$AAAA:AAAA"]
)
def test_what_is_no_credential_says_how_to_make_one(line: str) -> None:
    """And is not repeated: it may be the password itself."""
    with pytest.raises(ValueError, match="hash-password --scram") as told:
        ScramUser(name="alice", credentials=(line,))

    assert line not in str(told.value.args)


def test_rules_for_certificates_are_checked_at_the_start() -> None:
    """A rule that is none would refuse everybody later."""
    good = MtlsAuthentication(type="mtls", principal_from="uri", mapping_rules="RULE:^a$/b/")
    with pytest.raises(ValueError, match="has no rule at 'b'"):
        MtlsAuthentication(type="mtls", mapping_rules="DEFAULT,b")

    assert "uri" == good.login.name_kind
    assert "b" == good.login.rules.user("a")
