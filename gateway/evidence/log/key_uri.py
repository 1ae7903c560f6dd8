"""`pkcs11:` URIs (RFC 7512): which key on which token, and where its PIN is read from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from gateway.evidence.errors import ProofError

SCHEME: Final = "pkcs11:"
_PATH: Final = frozenset({"token", "serial", "object", "id", "type"})
_QUERY: Final = frozenset({"module-path", "pin-source"})
_EXAMPLE: Final = (
    "pkcs11:token=LABEL;object=LABEL?module-path=/usr/lib/MODULE.so&pin-source=file:/PIN/FILE"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUri:
    """Where a private key lies that its token does not give away."""

    module: Path
    """The library of the token's maker."""
    device: str
    """The token's label."""
    serial: bytes | None
    label: str | None
    key_id: bytes | None
    pin_source: Path
    """A file with the PIN, for its owner alone."""


def is_key_uri(place: str) -> bool:
    """Tell a URI from the path of a file."""
    return place.startswith(SCHEME)


def decode_key_uri(text: str) -> KeyUri:
    """Return what a URI says.

    Raises ProofError, whose message never holds the URI: somebody may have put a PIN into it.
    """
    path, _, query = text.removeprefix(SCHEME).partition("?")
    said = _attributes(path, ";", _PATH) | _attributes(query, "&", _QUERY)
    if missing := {"token", "module-path", "pin-source"} - said.keys():
        raise ProofError(f"the pkcs11: URI lacks {min(missing)}: it has the form {_EXAMPLE}")
    if not said.keys() & {"object", "id"}:
        raise ProofError("the pkcs11: URI names no key: give its object, its id, or both")
    if said.get("type", b"private") != b"private":
        raise ProofError("the pkcs11: URI must be that of a private key")
    label = said.get("object")
    return KeyUri(
        module=_file("module-path", said["module-path"]),
        device=_text(said["token"]),
        serial=said.get("serial"),
        label=None if label is None else _text(label),
        key_id=said.get("id"),
        pin_source=_file("pin-source", re.sub(rb"^file:(//)?", b"", said["pin-source"])),
    )


def _attributes(part: str, separator: str, known: frozenset[str]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for each in filter(None, part.split(separator)):
        name, equals, value = each.partition("=")
        if name == "pin-value":
            raise ProofError(
                "the pkcs11: URI holds a PIN, which everybody on this machine can read: put it "
                "into a file for its owner alone, and give pin-source=file:/THAT/FILE"
            )
        if name not in known or not equals or name in found:
            shown = name if name in _PATH | _QUERY else f"an attribute beside {sorted(known)}"
            raise ProofError(f"the pkcs11: URI has {shown} wrong: it has the form {_EXAMPLE}")
        if re.search(r"%(?![0-9A-Fa-f]{2})", value):
            raise ProofError(f"{name} in the pkcs11: URI has a % without two hex digits behind it")
        found[name] = unquote_to_bytes(value)
    return found


def _file(name: str, value: bytes) -> Path:
    path = Path(_text(value))
    if not path.is_absolute():
        raise ProofError(f"{name} in the pkcs11: URI must be the whole path of a file")
    return path


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise ProofError("the pkcs11: URI has something that is no UTF-8") from None
