"""Tokens of SoftHSM, made once for all tests of a process: a module is opened only once in it."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MODULES = (
    Path("/usr/lib/softhsm/libsofthsm2.so"),
    Path("/usr/lib64/softhsm/libsofthsm2.so"),
    Path("/opt/homebrew/lib/softhsm/libsofthsm2.so"),
    Path("/usr/local/lib/softhsm/libsofthsm2.so"),
)
PIN = "8a1f5c-PIN"
DEVICE = "gateway 1"
"""Has all the keys."""
LOCKED = "locked"
"""Nobody logs in to it: who is logged in once is asked for no PIN again."""
KEYS = {
    "recorder": "ed25519",
    "second": "ed25519",
    "mixed": "ed25519",
    "alone": "ed25519",
    "ed448": "ed448",
    "rsa": "RSA",
}
# Exchanges the public half of one key for another's, removes that of another, and makes a key that
# may not sign.
SPOIL = """
import sys, pkcs11
from pkcs11 import Attribute, ObjectClass
session = pkcs11.lib(sys.argv[1]).get_token(token_label=sys.argv[2]).open(True, sys.argv[3])
publics = {
    key.label: key for key in session.get_objects({Attribute.CLASS: ObjectClass.PUBLIC_KEY})
}
publics["mixed"].destroy()
publics["second"].copy({Attribute.LABEL: "mixed"})
publics["alone"].destroy()
private = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label="second")
private.copy({Attribute.LABEL: "mute", Attribute.SIGN: False})
publics["second"].copy({Attribute.LABEL: "mute"})
"""


@dataclass(frozen=True)
class Tokens:
    """Where the tokens' library and their PIN lie."""

    module: Path
    pin_file: Path

    def uri(self, label: str = "recorder", *, device: str = DEVICE, pin: Path | None = None) -> str:
        """Return the URI of a key."""
        place = f"token={device.replace(' ', '%20')};object={label}"
        return f"pkcs11:{place}?module-path={self.module}&pin-source=file:{pin or self.pin_file}"


@cache
def tokens() -> Tokens:
    """Make both tokens and their keys; whatever starts afterwards finds them."""
    folder = Path(tempfile.mkdtemp(prefix="softhsm-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    pin_file = folder / "pin"
    pin_file.write_text(f"{PIN}\n")
    pin_file.chmod(0o600)
    module = next(path for path in MODULES if path.exists())
    pins = ("--pin", PIN, "--so-pin", PIN)
    for label in (DEVICE, LOCKED):
        _run("softhsm2-util", "--init-token", "--free", "--label", label, *pins)
    for number, (label, kind) in enumerate(KEYS.items(), start=1):
        file = str(folder / f"{label}.pem")
        _run("openssl", "genpkey", "-algorithm", kind, "-out", file)
        which = ("--token", DEVICE, "--label", label, "--id", f"{number:02x}")
        _run("softhsm2-util", "--import", file, *which, "--pin", PIN)
    _run(sys.executable, "-c", SPOIL, str(module), DEVICE, PIN)
    return Tokens(module, pin_file)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
