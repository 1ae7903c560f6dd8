"""The list of the hashes of all files of a package, which `sha256sum -c` reads; signed if wanted.

Its form is that of the list of an origin (`gateway.evidence.sums`), with paths from the package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.evidence.log.signify import encode_key, encode_signed
from gateway.evidence.sums import encode_sums, file_sum

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.log.signing import Signer

UNSIGNED: Final = "SHA256SUMS"
SIGNED: Final = "SHA256SUMS.sig"
KEY_FILE: Final = "package.pub"


def sums_of(package: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a package but the list itself, by its path."""
    lists = {package / UNSIGNED, package / SIGNED}
    return {
        path.relative_to(package).as_posix(): file_sum(path)
        for path in sorted(package.rglob("*"))
        if path.is_file() and path not in lists
    }


def write_key(package: Path, signer: Signer) -> None:
    """Write the public key that the list will be signed with, so that the list covers it."""
    (package / KEY_FILE).write_bytes(encode_key(signer.public, owner="package"))


def write_list(package: Path, signer: Signer | None) -> Path:
    """Write the list, signed where there is a signer; return its path."""
    text = encode_sums(sums_of(package))
    path = package / (UNSIGNED if signer is None else SIGNED)
    content = text.encode()
    if signer is not None:
        content = encode_signed(text, signer, key_file=KEY_FILE)
    path.write_bytes(content)
    return path
