"""The section about approvals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.config.approvals import Approvals

REVIEWERS = {
    "issuer": "https://id.example",
    "audience": "approvals",
    "jwks": "https://id.example/jwks",
    "reviewer_groups": ("security",),
}
GIVEN: dict[str, Any] = {"port": 9443, "database": "sqlite:///a.db", "reviewers": REVIEWERS}
TLS = {"certificate": Path("c.pem"), "key": Path("k.pem")}


def test_paths_count_from_the_folder_of_the_file() -> None:
    """Wherever the gateway is started."""
    section = Approvals.model_validate({**GIVEN, "tls": TLS}).within(Path("/etc/sw"))

    assert section.tls is not None
    assert "sqlite:////etc/sw/a.db" == section.database
    assert (Path("/etc/sw/c.pem"), Path("/etc/sw/k.pem")) == (
        section.tls.certificate,
        section.tls.key,
    )


def test_a_server_is_where_it_is() -> None:
    """An address of PostgreSQL is no path."""
    address = "postgresql://gateway@db/approvals"
    section = Approvals.model_validate({**GIVEN, "database": address})

    assert address == section.within(Path("/etc/sw")).database


@pytest.mark.parametrize("host", ["192.0.2.1", "gw.example"])
def test_tokens_do_not_travel_in_clear(host: str) -> None:
    """Beyond this machine there is TLS, or no API."""
    with pytest.raises(ValidationError, match="in clear: add tls"):
        Approvals.model_validate({**GIVEN, "host": host})

    assert Approvals.model_validate({**GIVEN, "host": host, "tls": TLS}).tls is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_needs_no_certificate(host: str) -> None:
    """A proxy before it, or a tunnel, has its own."""
    assert host == Approvals.model_validate({**GIVEN, "host": host}).host


@pytest.mark.parametrize("database", ["sqlite://", "mysql://h/db", "a.db"])
def test_another_database_is_refused(database: str) -> None:
    """Two kinds are supported."""
    with pytest.raises(ValidationError, match="database"):
        Approvals.model_validate({**GIVEN, "database": database})
