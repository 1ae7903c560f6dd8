"""A certificate as a login: the name in it that counts becomes the principal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.identity.certificate import CertificateError, NameKind
from gateway.identity.principal import Principal

if TYPE_CHECKING:
    from gateway.identity.certificate import ClientCertificate
    from gateway.identity.principal_rules import PrincipalRules


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateLogin:
    """Which name of a certificate says who the client is, and by which rules."""

    name_kind: NameKind
    rules: PrincipalRules

    def principal(self, certificate: ClientCertificate | None) -> Principal:
        """Say who the client is, vouched for by whoever certified it.

        Raises CertificateError where the certificate, or its lack, does not say that.
        """
        if certificate is None:
            raise CertificateError("the client showed no certificate")
        names = certificate.names(self.name_kind)
        if not names:
            raise CertificateError(f"the client's certificate has no {self.name_kind} name")
        for name in names:
            user = self.rules.user(name)
            if user is not None:
                return Principal(issuer=certificate.issuer, subject=user)
        raise CertificateError(f"no rule of mapping_rules fits {', '.join(names)}")
