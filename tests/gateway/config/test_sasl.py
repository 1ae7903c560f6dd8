"""The sections about the gateway's own logins."""

from __future__ import annotations

from pathlib import Path

from gateway.config.sasl import PasswordSasl, TokenSasl

FOLDER = Path("/etc/gateway")
URL = "https://id.example/token"


def test_secrets_lie_beside_the_configuration() -> None:
    """Relative paths count from its folder, as all do."""
    password = PasswordSasl(mechanism="PLAIN", username="g", password_file=Path("password"))
    token = TokenSasl(
        mechanism="OAUTHBEARER",
        token_url=URL,
        client_id="g",
        client_secret_file=Path("secret"),
    )
    trusting = token.model_copy(update={"ca": Path("ca.pem")})

    assert FOLDER / "password" == password.within(FOLDER).password_file
    assert FOLDER / "secret" == token.within(FOLDER).client_secret_file
    assert token.within(FOLDER).ca is None
    assert FOLDER / "ca.pem" == trusting.within(FOLDER).ca
