"""Going round: what is not in the bucket as it is now is put there."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.evidence.errors import ArchiveError
from gateway.sealer.upload.memory import UploadMemory
from gateway.sealer.upload.plan import Item, MovingError, plan
from gateway.sealer.upload.putting import ConflictError, put

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from gateway.sealer.upload.options import UploaderOptions


class Uploader:
    """Uploads one origin's part of an archive; a round that fails is simply repeated."""

    def __init__(self, client: S3Client, options: UploaderOptions) -> None:
        self._client = client
        self._options = options
        self._memory = UploadMemory(options.memory)
        self._conflicts: dict[str, str] = {}

    def round(self) -> int:
        """Put what is not in the bucket as it is now, and return how many files that were.

        Raises ArchiveError when the bucket refuses or cannot be reached; and in the end, after all
        else was put, when a file that never changes is in the bucket with other content.
        """
        count = 0
        try:
            for item in plan(self._options.archive, self._options.origin):
                count += self._bring(item)
        except (FileNotFoundError, MovingError):
            # What a checkpoint is about must not come after it: the next round puts the rest.
            return count
        if self._conflicts:
            raise ArchiveError("; ".join(self._conflicts.values()))
        return count

    @property
    def is_complete(self) -> bool:
        """Whether the bucket has all that there is now."""
        try:
            return all(
                self._is_put(item, item.content)
                for item in plan(self._options.archive, self._options.origin)
            )
        except (FileNotFoundError, MovingError):
            return False

    def _bring(self, item: Item) -> bool:
        content = item.content
        if item.is_changing and isinstance(content, Path):
            content = content.read_bytes()  # It grows while it is put.
        if self._is_put(item, content):
            return False
        try:
            self._memory.add(put(self._client, self._options.upload, item, content))
        except ConflictError as error:
            self._conflicts[item.path] = str(error)
            return False
        self._conflicts.pop(item.path, None)
        return True

    def _is_put(self, item: Item, content: bytes | Path) -> bool:
        known = self._memory.find(item.path)
        if known is None or not item.is_changing:
            return known is not None
        content = content.read_bytes() if isinstance(content, Path) else content
        return known.sha256 == hashlib.sha256(content).hexdigest()
