"""What a client's certificate says, and the text of its names as Kafka's users know it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from cryptography import x509
from cryptography.x509.oid import NameOID

SUBJECT = "subject"
NameKind = Literal["subject", "uri", "dns", "email"]

_KINDS: dict[str, type[x509.UniformResourceIdentifier | x509.DNSName | x509.RFC822Name]] = {
    "uri": x509.UniformResourceIdentifier,
    "dns": x509.DNSName,
    "email": x509.RFC822Name,
}
# The only ones that RFC 2253 section 2.3 names, and with it Java's X500Principal.
_KEYWORDS = {
    NameOID.COMMON_NAME: "CN",
    NameOID.LOCALITY_NAME: "L",
    NameOID.STATE_OR_PROVINCE_NAME: "ST",
    NameOID.ORGANIZATION_NAME: "O",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "OU",
    NameOID.COUNTRY_NAME: "C",
    NameOID.STREET_ADDRESS: "STREET",
    NameOID.DOMAIN_COMPONENT: "DC",
    NameOID.USER_ID: "UID",
}
_ESCAPED = frozenset(',=+<>#;"\\')
_LONG_FORM = 0x80


class CertificateError(Exception):
    """The certificate cannot be read, or does not say who the client is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """A client's certificate, verified by whoever took it in."""

    subject: str
    issuer: str
    serial: str
    """In hexadecimal, as `openssl x509 -serial` and browsers show it."""
    sha256: str
    alternatives: dict[str, tuple[str, ...]]

    def names(self, kind: NameKind) -> tuple[str, ...]:
        """Return the names of a kind, in the certificate's order."""
        return (self.subject,) if kind == SUBJECT else self.alternatives[kind]

    def summary(self) -> dict[str, object]:
        """Say which certificate it is, for the record."""
        return {
            "subject": self.subject,
            "issuer": self.issuer,
            "serial": self.serial,
            "sha256": self.sha256,
        }


def read_certificate(der: bytes) -> ClientCertificate:
    """Read a certificate; raises CertificateError for one that OpenSSL took and we cannot."""
    try:
        found = x509.load_der_x509_certificate(der)
        return ClientCertificate(
            subject=distinguished_name(found.subject),
            issuer=distinguished_name(found.issuer),
            serial=f"{found.serial_number:X}",
            sha256=sha256(der).hexdigest(),
            alternatives=_alternatives(found),
        )
    except (ValueError, x509.DuplicateExtension) as error:
        raise CertificateError(f"the client's certificate cannot be read: {error}") from None


def _alternatives(certificate: x509.Certificate) -> dict[str, tuple[str, ...]]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return dict.fromkeys(_KINDS, ())
    return {name: tuple(names.get_values_for_type(kind)) for name, kind in _KINDS.items()}


def distinguished_name(name: x509.Name) -> str:
    """Write a name as Java's X500Principal.getName does, which is what Kafka's rules match."""
    return ",".join("+".join(_attribute(each) for each in rdn) for rdn in reversed(name.rdns))


def _attribute(attribute: x509.NameAttribute[str | bytes]) -> str:
    keyword = _KEYWORDS.get(attribute.oid)
    if keyword is None or not isinstance(attribute.value, str):
        return f"{attribute.oid.dotted_string}=#{_encoded_value(attribute).hex()}"
    return f"{keyword}={_escaped(attribute.value)}"


def _escaped(value: str) -> str:
    body = value.strip(" ")
    lead = len(value) - len(value.lstrip(" "))
    trail = len(value) - lead - len(body)
    escaped = "".join(_character(each) for each in body)
    return "\\ " * lead + escaped + "\\ " * trail


def _character(character: str) -> str:
    if character in _ESCAPED:
        return f"\\{character}"
    return "\\00" if character == "\0" else character


def _encoded_value(attribute: x509.NameAttribute[str | bytes]) -> bytes:
    """Cut the value's encoding out of a name of this attribute alone."""
    sequence = _content(x509.Name([attribute]).public_bytes())
    pair = _content(_content(sequence))
    return pair[2 + pair[1] :]


def _content(der: bytes) -> bytes:
    return der[2 + (der[1] & ~_LONG_FORM) :] if der[1] & _LONG_FORM else der[2:]
