"""Writing the signed list of an origin's files, as segments are sealed and when recording ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.evidence.errors import DamagedError, ProofError
from gateway.evidence.files import sync_directory
from gateway.evidence.log.folder import LogFolder
from gateway.evidence.log.signify import check_signed, encode_key, encode_signed
from gateway.evidence.sums import (
    KEY_FILE,
    LIST,
    decode_sums,
    encode_sums,
    file_sum,
    is_changing,
    listed_paths,
)

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.log.signing import Signer


class FileList:
    """Keeps the list of one origin; its caller is the only writer of the folder.

    A file that is in the list is never hashed again, nor left out when it is gone: a list that
    follows what somebody does to the files would show nothing.
    """

    def __init__(self, directory: Path, signer: Signer, previous: Signer | None) -> None:
        """Take in the list that is there, if one of these keys signed it."""
        self._directory = directory
        self._folder = LogFolder(directory)
        self._signer = signer
        self._signed_by: Signer | None = None
        self._sums: dict[str, str] = {}
        for each in (signer, previous):
            if each is not None and self._signed_by is None:
                self._take(each)

    @property
    def is_by_previous_key(self) -> bool:
        """Whether the list is still to be signed by the key that signs now."""
        return self._signed_by not in (None, self._signer)

    def reopen(self) -> None:
        """Take out of the list what changes as soon as recording goes on; durable.

        The key that signed it signs it again: no checkpoint stands behind a new key yet.
        """
        if self._signed_by is None:
            self._set_aside()
            return
        going = {path for path in self._sums if is_changing(path)}
        if self.is_by_previous_key and KEY_FILE in self._sums:
            going.add(KEY_FILE)
        if going:
            self._sums = {path: each for path, each in self._sums.items() if path not in going}
            self._write(self._signed_by)

    def write(self, *, is_final: bool = False) -> None:
        """List the files that never change again; at the end of recording all files. Durable."""
        self._folder.write([(KEY_FILE, encode_key(self._signer.public))])
        self._sums.pop(KEY_FILE, None)
        for path in listed_paths(self._directory, is_final=is_final):
            if path not in self._sums or is_changing(path):
                # What is gone again was being replaced, and nothing that never changes.
                try:
                    self._sums[path] = file_sum(self._directory / path)
                except FileNotFoundError:
                    continue
        self._write(self._signer)

    def _set_aside(self) -> None:
        """Keep a list that is not ours, or is damaged, under a name that tells its content."""
        path = self._directory / LIST
        if path.exists():
            path.rename(path.with_name(f"{LIST}.{file_sum(path)[:16]}"))
            sync_directory(self._directory)

    def _take(self, signer: Signer) -> None:
        try:
            content = self._folder.read(LIST)
            text = check_signed(content, [signer.public], key_file=KEY_FILE)
            self._sums = decode_sums(text)
        except (ProofError, DamagedError, FileNotFoundError):
            return
        self._signed_by = signer

    def _write(self, signer: Signer) -> None:
        content = encode_signed(encode_sums(self._sums), signer, key_file=KEY_FILE)
        self._folder.write([(LIST, content)])
        self._signed_by = signer
