"""TLS on both sides of the gateway: the files, and what is asked of the peer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gateway.config.section import Section

TlsVersion = Literal["1.2", "1.3"]


class ListenerTls(Section):
    """What a listener shows its clients, and whether they show a certificate too."""

    certificate: Path
    key: Path
    client_authentication: Literal["none", "requested", "required"] = "none"
    client_ca: Path | None = None
    client_crl: Path | None = None
    min_version: TlsVersion = "1.2"
    handshake_ms: Annotated[int, Field(ge=100, le=300_000)] = 10_000

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of the section."""
        given = (self.certificate, self.key, self.client_ca, self.client_crl)
        return tuple(file for file in given if file is not None)

    def within(self, folder: Path) -> ListenerTls:
        """Return the section with paths that count from a folder."""
        return self.model_copy(
            update={
                "certificate": folder / self.certificate,
                "key": folder / self.key,
                "client_ca": None if self.client_ca is None else folder / self.client_ca,
                "client_crl": None if self.client_crl is None else folder / self.client_crl,
            }
        )


class UpstreamTls(Section):
    """How the brokers show who they are, and the gateway shows that to them."""

    ca: Path | None = None
    server_name: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    verify: bool = True
    certificate: Path | None = None
    key: Path | None = None
    min_version: TlsVersion = "1.2"

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of the section."""
        return tuple(file for file in (self.ca, self.certificate, self.key) if file is not None)

    def within(self, folder: Path) -> UpstreamTls:
        """Return the section with paths that count from a folder."""
        names = ("ca", "certificate", "key")
        given = {name: getattr(self, name) for name in names}
        return self.model_copy(
            update={name: None if file is None else folder / file for name, file in given.items()}
        )
