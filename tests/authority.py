"""A certificate authority for tests: it certifies servers and clients, and takes that back."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
LOOPBACK = x509.IPAddress(ip_address("127.0.0.1"))
PASSWORD = b"pass"


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path

    @property
    def der(self) -> bytes:
        """The certificate as it is sent."""
        return self.parsed.public_bytes(Encoding.DER)

    @property
    def parsed(self) -> x509.Certificate:
        """The certificate's content."""
        return x509.load_pem_x509_certificate(self.certificate.read_bytes())

    def encrypt(self) -> None:
        """Put the key under a password."""
        write_key(self.key, BestAvailableEncryption(PASSWORD))


class Authority:
    """Certifies what it is asked for, with files below one folder."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.certificate = folder / f"{name}.pem"
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        made = self._begin(self.name, self._key.public_key())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        signed = made.sign(self._key, hashes.SHA256())
        self.certificate.write_bytes(signed.public_bytes(Encoding.PEM))

    def _begin(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - DAY)
            .not_valid_after(NOW + DAY)
        )

    def certify(
        self,
        name: str,
        alternatives: Sequence[x509.GeneralName] = (LOOPBACK,),
        subject: x509.Name | None = None,
    ) -> Identity:
        """Make a key and certify it, under a common name where no other subject is given."""
        subject = subject or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._begin(subject, client_key().public_key())
        if alternatives:
            made = made.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        identity = Identity(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        signed = made.sign(self._key, hashes.SHA256())
        identity.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
        write_key(identity.key)
        return identity

    def revoke(self, *identities: Identity) -> Path:
        """List certificates as revoked, and return the list."""
        made = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        made = made.last_update(NOW - DAY).next_update(NOW + DAY)
        for each in identities:
            entry = x509.RevokedCertificateBuilder().serial_number(each.parsed.serial_number)
            made = made.add_revoked_certificate(entry.revocation_date(NOW - DAY).build())
        file = self.folder / "revoked.pem"
        file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM))
        return file

    def client_context(self, identity: Identity | None = None) -> ssl.SSLContext:
        """Make what a client needs that trusts this authority alone."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if identity is not None:
            context.load_cert_chain(identity.certificate, identity.key)
        return context


@cache
def client_key() -> ec.EllipticCurvePrivateKey:
    """Make the key of everybody who is certified."""
    return ec.generate_private_key(ec.SECP256R1())


def write_key(file: Path, encryption: BestAvailableEncryption | NoEncryption | None = None) -> None:
    """Write everybody's key."""
    form = (Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    file.write_bytes(client_key().private_bytes(*form))
