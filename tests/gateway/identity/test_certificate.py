"""What is read in a client's certificate."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.identity.certificate import CertificateError, distinguished_name, read_certificate
from tests.authority import LOOPBACK, Authority

if TYPE_CHECKING:
    from pathlib import Path


def name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """Make a name."""
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def test_a_certificate_says_whose_it_is_and_by_whom(tmp_path: Path) -> None:
    """With what is needed to find it again: serial number and fingerprint."""
    made = Authority(tmp_path, "staff").certify(
        "billing",
        [
            x509.DNSName("billing.example.com"),
            x509.UniformResourceIdentifier("spiffe://example.com/billing"),
            x509.RFC822Name("billing@example.com"),
            x509.DNSName("b.example.com"),
            LOOPBACK,
        ],
    )
    found = read_certificate(made.der)

    assert found.summary() == {
        "subject": "CN=billing",
        "issuer": "CN=staff",
        "serial": f"{made.parsed.serial_number:X}",
        "sha256": sha256(made.der).hexdigest(),
    }
    assert ("CN=billing",) == found.names("subject")
    assert ("billing.example.com", "b.example.com") == found.names("dns")
    assert ("spiffe://example.com/billing",) == found.names("uri")
    assert ("billing@example.com",) == found.names("email")


def test_a_certificate_may_have_no_alternative_names(tmp_path: Path) -> None:
    """Then it has its subject alone."""
    made = Authority(tmp_path).certify("old", [])

    assert () == read_certificate(made.der).names("dns")


def test_bytes_that_are_no_certificate_are_told() -> None:
    """What OpenSSL takes and we cannot read lets nobody in."""
    with pytest.raises(CertificateError, match=r"^the client's certificate cannot be read: "):
        read_certificate(b"nonsense")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            name(
                (NameOID.COUNTRY_NAME, "DE"),
                (NameOID.ORGANIZATION_NAME, "A, B"),
                (NameOID.COMMON_NAME, "kafka client"),
            ),
            "CN=kafka client,O=A\\, B,C=DE",
        ),
        (
            name((NameOID.COMMON_NAME, "c"), (NameOID.EMAIL_ADDRESS, "a@b.de")),
            "1.2.840.113549.1.9.1=#16066140622e6465,CN=c",
        ),
        (
            name(
                (NameOID.STREET_ADDRESS, "s"),
                (NameOID.USER_ID, "u1"),
                (NameOID.DOMAIN_COMPONENT, "example"),
                (NameOID.COMMON_NAME, "Zoë #1"),
            ),
            "CN=Zoë \\#1,DC=example,UID=u1,STREET=s",
        ),
        (name((NameOID.ORGANIZATION_NAME, "a=b")), "O=a\\=b"),
        (name((NameOID.COMMON_NAME, "  a ")), "CN=\\ \\ a\\ "),
        (name((NameOID.COMMON_NAME, "a\0b")), "CN=a\\00b"),
        (name((NameOID.TITLE, "t" * 60)), f"{NameOID.TITLE.dotted_string}=#0c3c{b't'.hex() * 60}"),
        (
            name((NameOID.PSEUDONYM, "p" * 128)),
            f"{NameOID.PSEUDONYM.dotted_string}=#0c8180{b'p'.hex() * 128}",
        ),
        (
            x509.Name(
                [
                    x509.RelativeDistinguishedName(
                        [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "Ops")]
                    ),
                    x509.RelativeDistinguishedName(
                        [
                            x509.NameAttribute(NameOID.COMMON_NAME, "a"),
                            x509.NameAttribute(NameOID.USER_ID, "7"),
                        ]
                    ),
                ]
            ),
            "CN=a+UID=7,OU=Ops",
        ),
    ],
)
def test_names_are_written_as_java_writes_them(written: x509.Name, expected: str) -> None:
    """Rules were written for what Kafka shows: RFC 2253 as X500Principal.getName has it."""
    assert expected == distinguished_name(written)
