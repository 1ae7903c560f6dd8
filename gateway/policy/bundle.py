"""A bundle: the files that a policy was made of, as one object with one digest.

The object is a tar file of the files in the order of their names, with no time, owner or mode of
its own: the same files always make the same bytes, their SHA-256 names the bundle, and `tar -x`
gives them back.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Bundle:
    """Files by name; the names are relative paths with slashes."""

    files: Mapping[str, bytes]

    @property
    def content(self) -> bytes:
        """The bytes of the tar file."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name in sorted(self.files):
                member = tarfile.TarInfo(name)
                member.size = len(self.files[name])
                archive.addfile(member, io.BytesIO(self.files[name]))
        return stream.getvalue()

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the content."""
        return sha256(self.content).digest()
