"""No secret that passes through a session is in what it records, whatever happens to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.identity.mechanism import Password
from gateway.session.effects import CheckCredentials, CloseClient, Record
from gateway.session.signals import BrokerBytes, BrokerFailed, ClientBytes, CredentialsChecked
from gateway.wire.api_keys import ApiKey
from tests.gateway.session.conversation import (
    ALICE_IN,
    ALICE_OUT,
    PLAIN,
    answer,
    ask,
    connected,
    new_session,
    opened,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.identity.mechanism import Verdict
    from gateway.identity.plain import Plain
    from gateway.session.effects import Effect

CANARY = "c4n4ry"
HANDSHAKE = ask(ApiKey.SASL_HANDSHAKE, 1, mechanism="PLAIN")


def _kept(effects: Iterable[Effect]) -> bytes:
    """Give everything that is stored or logged of effects."""
    effects = list(effects)
    rows = [msgspec.msgpack.encode(each.event) for each in effects if isinstance(each, Record)]
    reasons = [each.reason for each in effects if isinstance(each, CloseClient)]
    shown = [repr(each) for each in effects if isinstance(each, CheckCredentials)]
    return b"".join(rows) + repr(reasons).encode() + repr(shown).encode()


@pytest.mark.parametrize("verdict", [ALICE_IN, ALICE_OUT])
def test_a_password_is_in_no_row(verdict: Verdict) -> None:
    """It goes to the check and nowhere else, whether right or wrong."""
    play = opened(new_session(mechanisms=PLAIN))
    play >> ClientBytes(HANDSHAKE)
    effects = play.take_all()
    token = ask(ApiKey.SASL_AUTHENTICATE, 2, auth_bytes=f"\0alice\0{CANARY}".encode())
    play >> ClientBytes(token)
    effects += play.take_all()
    play >> CredentialsChecked(verdict)
    effects += play.take_all()
    play >> BrokerFailed("the test ends")
    effects += play.take_all()

    assert CheckCredentials(Password("alice", CANARY)) in effects
    assert CANARY.encode() not in _kept(effects)


@settings(max_examples=300, deadline=None)
@given(
    position=st.integers(4, 60),
    replacement=st.binary(max_size=3),
    cut=st.integers(0, 20),
    mechanisms=st.sampled_from([PLAIN, ()]),
)
def test_a_damaged_token_is_in_no_row(
    position: int, replacement: bytes, cut: int, mechanisms: tuple[Plain, ...]
) -> None:
    """Errors about bytes that hold a password do not quote them."""
    token = ask(ApiKey.SASL_AUTHENTICATE, 2, auth_bytes=f"\0alice\0{CANARY}".encode())
    content = token[4:position] + replacement + token[position + len(replacement) :]
    content = content[: len(content) - cut]
    play = opened(new_session(mechanisms=mechanisms))
    play >> ClientBytes(HANDSHAKE + len(content).to_bytes(4, "big") + content)
    effects = play.take_all()
    play >> CredentialsChecked(ALICE_OUT)
    effects += play.take_all()

    assert b"4n4r" not in _kept(effects)


@pytest.mark.parametrize(
    ("api_key", "fields"),
    [
        (ApiKey.CREATE_DELEGATION_TOKEN, {}),
        (ApiKey.RENEW_DELEGATION_TOKEN, {"hmac": CANARY.encode()}),
        (ApiKey.EXPIRE_DELEGATION_TOKEN, {"hmac": CANARY.encode()}),
        (
            ApiKey.ALTER_USER_SCRAM_CREDENTIALS,
            {
                "upsertions": [
                    {
                        "name": "alice",
                        "mechanism": 1,
                        "iterations": 4096,
                        "salt": CANARY.encode(),
                        "salted_password": CANARY.encode(),
                    }
                ]
            },
        ),
    ],
)
def test_credentials_of_the_broker_are_in_no_row(api_key: ApiKey, fields: dict[str, Any]) -> None:
    """The APIs that carry them are refused before they are read."""
    version = 0 if api_key is ApiKey.ALTER_USER_SCRAM_CREDENTIALS else 2
    play = connected()
    play >> ClientBytes(ask(api_key, version, **fields))
    effects = play.take_all()

    assert play.session.is_closed
    assert CANARY.encode() not in _kept(effects)


@pytest.mark.parametrize(
    ("api_key", "version"), [(ApiKey.ALTER_CONFIGS, 1), (ApiKey.INCREMENTAL_ALTER_CONFIGS, 0)]
)
def test_secret_configs_are_in_no_row_and_no_error_repeats_them(
    api_key: ApiKey, version: int
) -> None:
    """Neither the intent nor the exchange nor the broker's complaint about the value."""
    config: dict[str, object] = {"name": "ssl.keystore.password", "value": CANARY}
    if api_key is ApiKey.INCREMENTAL_ALTER_CONFIGS:
        config["config_operation"] = 0
    resource = {"resource_type": 4, "resource_name": "1", "configs": [config]}
    complaint = {
        "error_code": 40,
        "error_message": f"Invalid value {CANARY} for ssl.keystore.password",
        "resource_type": 4,
        "resource_name": "1",
    }
    play = connected()
    play >> ClientBytes(ask(api_key, version, resources=[resource]))
    effects = play.take_all()
    play >> BrokerBytes(answer(api_key, version, responses=[complaint]))
    effects += play.take_all()

    assert 2 == sum(isinstance(effect, Record) for effect in effects)
    assert b"ssl.keystore.password" in _kept(effects)
    assert CANARY.encode() not in _kept(effects)
