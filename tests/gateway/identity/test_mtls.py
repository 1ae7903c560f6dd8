"""Certificates as logins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from gateway.identity.certificate import CertificateError, ClientCertificate, read_certificate
from gateway.identity.mtls import CertificateLogin
from gateway.identity.principal import Principal
from gateway.identity.principal_rules import parse_principal_rules
from tests.authority import Authority

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.identity.certificate import NameKind


@pytest.fixture
def certificate(tmp_path: Path) -> ClientCertificate:
    """Somebody's certificate."""
    names = [x509.DNSName("a.example.com"), x509.DNSName("b.example.com")]
    return read_certificate(Authority(tmp_path, "staff").certify("alice", names).der)


def login(kind: NameKind, rules: str = "DEFAULT") -> CertificateLogin:
    """Make a login by certificates."""
    return CertificateLogin(name_kind=kind, rules=parse_principal_rules(rules))


@pytest.mark.parametrize(
    ("kind", "rules", "subject"),
    [
        ("subject", "DEFAULT", "CN=alice"),
        ("subject", "RULE:^CN=(.*)$/$1/U", "ALICE"),
        ("dns", "DEFAULT", "a.example.com"),
        ("dns", "RULE:^b\\.(.*)$/$1/", "example.com"),
    ],
)
def test_the_name_that_a_rule_fits_is_the_principal_s(
    certificate: ClientCertificate, kind: NameKind, rules: str, subject: str
) -> None:
    """And whoever certified it is the issuer."""
    expected = Principal(issuer="CN=staff", subject=subject)

    assert expected == login(kind, rules).principal(certificate)


@pytest.mark.parametrize(
    ("kind", "told"),
    [("uri", "has no uri name"), ("dns", "fits a.example.com, b.example.com")],
)
def test_a_certificate_that_names_nobody_lets_nobody_in(
    certificate: ClientCertificate, kind: NameKind, told: str
) -> None:
    """The reason says which name was looked for, or which were found."""
    with pytest.raises(CertificateError, match=told):
        login(kind, "RULE:^x$/y/").principal(certificate)


def test_without_a_certificate_nobody_is_let_in() -> None:
    """However a listener is configured."""
    with pytest.raises(CertificateError, match="showed no certificate"):
        login("subject").principal(None)
