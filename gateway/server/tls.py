"""Contexts of TLS from the files that the configuration names, and anew when these change."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway.config.tls import ListenerTls, UpstreamTls

VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
CLIENT_CERTIFICATES = {
    "none": ssl.CERT_NONE,
    "requested": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


class TlsError(Exception):
    """A certificate, key or list cannot be used; the operator must mend the file."""


class NamingTls(ssl.SSLObject):
    """The server's side of a connection that knows which name the client asked for."""

    asked: str | None = None


def _note_name(connection: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
    if isinstance(connection, NamingTls):
        connection.asked = name


def asked_name(connection: ssl.SSLObject | None) -> str | None:
    """Tell which host a client means to reach (SNI, RFC 6066), None where it does not say."""
    return connection.asked if isinstance(connection, NamingTls) else None


def listener_context(tls: ListenerTls) -> ssl.SSLContext:
    """Make the context of a listener; raises TlsError naming the file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = VERSIONS[tls.min_version]
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.sslobject_class = NamingTls
    context.sni_callback = _note_name
    load_identity(context, tls.certificate, tls.key)
    if tls.client_ca is not None:
        load_trusted(context, tls.client_ca)
        context.verify_mode = CLIENT_CERTIFICATES[tls.client_authentication]
    if tls.client_crl is not None:
        load_trusted(context, tls.client_crl)
        # Of the client's own certificate: lists of the authorities above it are rarely at hand.
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return context


def upstream_context(tls: UpstreamTls) -> ssl.SSLContext:
    """Make the context of connections to brokers; raises TlsError naming the file."""
    context = ssl.create_default_context() if tls.ca is None else _trusting(tls.ca)
    context.minimum_version = VERSIONS[tls.min_version]
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.certificate is not None and tls.key is not None:
        load_identity(context, tls.certificate, tls.key)
    return context


def _trusting(ca: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    load_trusted(context, ca)
    return context


def load_identity(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Load a certificate with the chain behind it, and its private key."""
    for file in (certificate, key):
        _read(file)

    def refuse_to_ask() -> NoReturn:
        # Without this OpenSSL asks on the terminal.
        raise TlsError(f"{key} is encrypted: decrypt it, and let its owner alone read it")

    try:
        context.load_cert_chain(certificate, key, password=refuse_to_ask)
    except ssl.SSLError as error:
        raise TlsError(
            f"{certificate} and {key} cannot be used: {_reason(error)}: give a certificate "
            "and the private key of that certificate, both in PEM"
        ) from None


def load_trusted(context: ssl.SSLContext, file: Path) -> None:
    """Load certificates of authorities, or their lists of revoked ones."""
    _read(file)
    try:
        context.load_verify_locations(file)
    except ssl.SSLError as error:
        raise TlsError(
            f"{file} cannot be used: {_reason(error)}: give certificates or lists in PEM"
        ) from None


def _read(file: Path) -> None:
    # OpenSSL's own errors do not name the file.
    try:
        file.read_bytes()
    except OSError as error:
        raise TlsError(f"{file} cannot be read: {error.strerror}") from None


def _reason(error: ssl.SSLError) -> str:
    known = {
        "KEY_VALUES_MISMATCH": "the key is that of another certificate",
        "NO_START_LINE": "there is no PEM in it",
    }
    return known.get(error.reason or "", (error.reason or "no PEM").lower().replace("_", " "))


class LiveContext:
    """A context that follows its files: new connections get the newest that could be loaded."""

    def __init__(self, make: Callable[[], ssl.SSLContext], files: tuple[Path, ...]) -> None:
        self._make = make
        self._files = files
        self.current = make()
        self._loaded = self._seen = self._state()

    def has_changed(self) -> bool:
        """Tell whether the files are others than were loaded, and at rest since the last look."""
        seen, self._seen = self._seen, self._state()
        return self._seen == seen and seen != self._loaded

    def reload(self) -> str | None:
        """Load the files anew; say why not, and keep what it has, when they cannot be used."""
        # Also after a failure: what is told once is not told again until the files change.
        self._loaded = self._seen = self._state()
        try:
            self.current = self._make()
        except TlsError as error:
            return str(error)
        return None

    def _state(self) -> tuple[object, ...]:
        return tuple(_state(file) for file in self._files)


def _state(file: Path) -> tuple[int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
