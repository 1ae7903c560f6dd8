"""Listeners of a broker with TLS and SASL, beside the plain one that the tests look through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.kafka.ports import free_ports

if TYPE_CHECKING:
    from pathlib import Path

    from tests.authority import Authority

USER, PASSWORD = "gateway", "gateway's own secret"
LOGIN = "org.apache.kafka.common.security"
MECHANISMS = {
    "plain": f'{LOGIN}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
    "scram-sha-256": f"{LOGIN}.scram.ScramLoginModule required;",
    "scram-sha-512": f"{LOGIN}.scram.ScramLoginModule required;",
    # Kafka's own default for tests: tokens without a signature are believed.
    "oauthbearer": f"{LOGIN}.oauthbearer.OAuthBearerLoginModule required"
    ' unsecuredLoginStringClaim_sub="broker";',
}
# So often a broker wants the gateway to log in anew.
LIFETIME_MS = 4_000


@dataclass(frozen=True, slots=True)
class Doors:
    """Ports of one broker: TLS with client certificates, SASL over TLS, SASL for a short time."""

    ssl_port: int
    sasl_port: int
    brief_port: int
    keystore: Path
    truststore: Path

    def secure(self, settings: dict[str, str]) -> dict[str, str]:
        """Add the listeners to a broker's settings."""
        ports = {"SSL": self.ssl_port, "SASL_SSL": self.sasl_port, "BRIEF": self.brief_port}
        added = "".join(f",{name}://127.0.0.1:{port}" for name, port in ports.items())
        secured = settings | {
            "listeners": settings["listeners"] + added,
            "advertised.listeners": settings["advertised.listeners"] + added,
            "listener.security.protocol.map": settings["listener.security.protocol.map"]
            + ",SSL:SSL,SASL_SSL:SASL_SSL,BRIEF:SASL_SSL",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.truststore),
            "listener.name.ssl.ssl.client.auth": "required",
        }
        for name in ("sasl_ssl", "brief"):
            prefix = f"listener.name.{name}"
            secured[f"{prefix}.sasl.enabled.mechanisms"] = ",".join(MECHANISMS).upper()
            for mechanism, module in MECHANISMS.items():
                secured[f"{prefix}.{mechanism}.sasl.jaas.config"] = module
                if name == "brief":
                    lifetime = f"{prefix}.{mechanism}.connections.max.reauth.ms"
                    secured[lifetime] = str(LIFETIME_MS)
        return secured

    @property
    def scram(self) -> tuple[str, ...]:
        """Credentials for a broker's storage to begin with."""
        return tuple(
            f'{name}=[name={USER},password="{PASSWORD}"]'
            for name in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        )


def make_doors(authority: Authority) -> Doors:
    """Choose ports and make what a broker shows at them."""
    broker = authority.certify("broker")
    keystore = authority.folder / "broker.pem"
    keystore.write_bytes(broker.key.read_bytes() + broker.certificate.read_bytes())
    first = free_ports(3)
    return Doors(first, first + 1, first + 2, keystore, authority.certificate)
