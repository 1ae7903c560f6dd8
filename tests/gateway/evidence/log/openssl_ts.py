"""A timestamp authority as others run it: `openssl ts` with certificates of its own, over HTTP."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SETTINGS = """\
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
{more}
"""
_SIGNER = """\
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""
_BETWEEN = """\
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
"""


def openssl(folder: Path, *arguments: str) -> None:
    """Run openssl in a folder."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


class OpensslAuthority:
    """Signs times with a certificate that was made here, and so was the root certificate.

    Between the two stands another one, as with most authorities.
    """

    def __init__(
        self,
        folder: Path,
        more: str = "accuracy = secs:1",
        *,
        digests: str = "sha256",
        is_chain_sent: bool = True,
    ) -> None:
        self.folder = folder
        self.root = folder / "root.pem"
        self.between = folder / "between.pem"
        folder.mkdir(parents=True)
        (folder / "serial").write_text("01\n")
        more = f"certs = {self.between}\n{more}" if is_chain_sent else more
        settings = _SETTINGS.format(folder=folder, digests=digests, more=more)
        (folder / "settings").write_text(settings)
        key = ("-newkey", "ed25519", "-nodes", "-keyout")
        openssl(folder, "req", "-x509", *key, "root.key", "-out", "root.pem", "-subj", "/CN=root")
        self._certify("between", "ed25519", by="root", extensions=_BETWEEN)
        # openssl 3.0 makes timestamps with RSA and elliptic curves only.
        self._certify("signer", "rsa:2048", by="between", extensions=_SIGNER)

    def _certify(self, name: str, key: str, *, by: str, extensions: str) -> None:
        (self.folder / "extensions").write_text(extensions)
        made = ("-newkey", key, "-nodes", "-keyout", f"{name}.key", "-subj", f"/CN={name}")
        openssl(self.folder, "req", *made, "-out", "request")
        signed = ("-CA", f"{by}.pem", "-CAkey", f"{by}.key", "-extfile", "extensions")
        openssl(self.folder, "x509", "-req", "-in", "request", *signed, "-out", f"{name}.pem")

    def reply(self, query: bytes) -> bytes:
        """Return the reply to a query."""
        (self.folder / "query").write_bytes(query)
        files = ("-config", "settings", "-queryfile", "query", "-out", "reply")
        openssl(self.folder, "ts", "-reply", *files)
        return (self.folder / "reply").read_bytes()

    def stamp(self, content: bytes) -> bytes:
        """Return a timestamp of some bytes, asked for by openssl as well."""
        (self.folder / "content").write_bytes(content)
        files = ("-data", "content", "-out", "query")
        openssl(self.folder, "ts", "-query", "-sha256", "-cert", *files)
        return self.reply((self.folder / "query").read_bytes())


@dataclass
class Served:
    """An authority that answers over HTTP, and how it answered so far."""

    url: str
    queries: list[bytes] = field(default_factory=list)
    answer: tuple[int, str, bytes] | None = None
    """What is answered instead of a timestamp: status, content type and body."""


@contextmanager
def served(authority: OpensslAuthority) -> Iterator[Served]:
    """Answer on a free port."""
    state = Served("")

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            state.queries.append(query)
            answer = state.answer or (200, "application/timestamp-reply", authority.reply(query))
            self.send_response(answer[0])
            self.send_header("Content-Type", answer[1])
            self.end_headers()
            self.wfile.write(answer[2])

        def log_message(self, *_: object) -> None:
            """Say nothing: standard error is looked at."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/tsr"
    yield state
    server.shutdown()
    server.server_close()
    thread.join()
