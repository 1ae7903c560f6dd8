"""The keys of encrypted sessions: looked up in a key folder and unwrapped with an identity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.evidence.encryption.folder import KeyFolder
from gateway.evidence.encryption.recipients import load_identity
from gateway.evidence.errors import ArchiveError, EncryptionError

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

    from gateway.evidence.encryption.sealed import DataKey

_NOT_GIVEN: Final = "no key was given"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no key."""

    reason: str


class KeyRing:
    """The data keys that can be had; without a folder there are none."""

    def __init__(self, folder: Path | None = None, identity: Path | None = None) -> None:
        self.files: tuple[Path, ...] = ()
        """The key folder and the identity's file, where they were given."""
        self._found: dict[str, DataKey | Missing] = {}
        self._folder: KeyFolder | None = None
        self._identity: Identity | None = None
        if folder is not None and identity is not None:
            self.files = (folder, identity)
            self._folder, self._identity = KeyFolder(folder), load_identity(identity)

    def find(self, session: str) -> DataKey | Missing:
        """Return the key of a session, or why it cannot be had."""
        if session not in self._found:
            self._found[session] = self._look_up(session)
        return self._found[session]

    def why_not(self, session: str) -> str | None:
        """Say why the key of a session cannot be had, None where it can."""
        found = self.find(session)
        return found.reason if isinstance(found, Missing) else None

    def forget(self) -> None:
        """Look every key up again: it may have been erased since."""
        self._found.clear()

    def check(self) -> None:
        """Raise EncryptionError when there are keys, and the identity opens none of them."""
        if self._folder is None or self._identity is None:
            return
        if not self._folder.path.is_dir():
            raise EncryptionError(f"{self._folder.path} is no folder: give that of the keys")
        sessions = self._folder.sessions()
        if sessions and all(isinstance(self.find(each), Missing) for each in sessions):
            raise EncryptionError(
                f"the identity in {self.files[1]} opens none of the {len(sessions):,} keys in "
                f"{self._folder.path}: give that of a recipient in the gateway's configuration"
            )

    def _look_up(self, session: str) -> DataKey | Missing:
        if self._folder is None or self._identity is None:
            return Missing(_NOT_GIVEN)
        try:
            if self._folder.has(session):
                return self._folder.unwrap(session, self._identity)
            erasure = self._folder.erasures().get(session)
        except (EncryptionError, OSError) as error:
            return Missing(str(error))
        if erasure is None:
            return Missing("the key folder does not have its key")
        return Missing(
            f"{erasure.by} erased its key at {erasure.erased_at} (reason: {erasure.reason})"
        )


def key_ring(folder: str | Path | None, identity: str | Path | None) -> KeyRing:
    """Return the keys of a folder, given both or neither; raises ArchiveError."""
    if (folder is None) != (identity is None):
        raise ArchiveError("give both keys, the key folder, and identity, the file that opens them")
    if folder is None or identity is None:
        return KeyRing()
    try:
        ring = KeyRing(Path(folder), Path(identity))
        ring.check()
    except (EncryptionError, OSError) as error:
        raise ArchiveError(str(error)) from error
    return ring
