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
_EXTENSIONS = """\
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""


def openssl(folder: Path, *arguments: str) -> None:
    """Run openssl in a folder."""
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


class OpensslAuthority:
    """Signs times with a certificate under a root certificate, both made here."""

    def __init__(
        self, folder: Path, more: str = "accuracy = secs:1", *, digests: str = "sha256"
    ) -> None:
        self.folder = folder
        self.root = folder / "root.pem"
        folder.mkdir(parents=True)
        (folder / "extensions").write_text(_EXTENSIONS)
        (folder / "serial").write_text("01\n")
        settings = _SETTINGS.format(folder=folder, digests=digests, more=more)
        (folder / "settings").write_text(settings)
        key = ("-newkey", "ed25519", "-nodes", "-keyout")
        openssl(folder, "req", "-x509", *key, "root.key", "-out", "root.pem", "-subj", "/CN=root")
        # openssl 3.0 makes timestamps with RSA and elliptic curves only.
        key = ("-newkey", "rsa:2048", "-nodes", "-keyout")
        openssl(folder, "req", *key, "signer.key", "-out", "request", "-subj", "/CN=signer")
        signed = ("-CA", "root.pem", "-CAkey", "root.key", "-extfile", "extensions")
        openssl(folder, "x509", "-req", "-in", "request", *signed, "-out", "signer.pem")

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
