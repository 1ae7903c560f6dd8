"""The deny list's file: read when it changes, and kept in force when it cannot be read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import yaml
from pydantic import Field, TypeAdapter, ValidationError, model_validator

from gateway.config.section import Section
from gateway.identity.denials import Denial, DenyList
from gateway.server.log import LogEvent

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from structlog.typing import FilteringBoundLogger

LOOK_SECONDS = 1.0
FILE_BYTES_MAX = 16 * 1024 * 1024

Text = Annotated[str, Field(min_length=1, max_length=2_048)]


class DenyEntry(Section):
    """One entry: a principal, or one token, of one issuer or of any."""

    issuer: Text | None = None
    subject: Text | None = None
    jti: Text | None = None
    reason: Annotated[str, Field(max_length=2_048)] = ""

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if self.subject is None and self.jti is None:
            raise ValueError("an entry must name a subject or a jti")
        return self


_ENTRIES = TypeAdapter(list[DenyEntry])


class DenyFileError(Exception):
    """The file is no deny list; the text says why."""


class DenyFile:
    """Watches the file of one listener's deny list."""

    def __init__(self, path: Path, log: FilteringBoundLogger) -> None:
        self.denials = DenyList()
        self._path = path
        self._log = log
        self._seen: tuple[int, int, int] | None = None
        self._told = ""
        self.load()

    def load(self) -> None:
        """Read the file now; raises DenyFileError when it cannot be used."""
        try:
            self._seen = self._stat()
            with self._path.open("rb") as stream:
                text = stream.read(FILE_BYTES_MAX + 1)
            if len(text) > FILE_BYTES_MAX:
                raise DenyFileError(f"{self._path} is above {FILE_BYTES_MAX} bytes")
            entries = _ENTRIES.validate_python(yaml.safe_load(text) or [])
        except (OSError, yaml.YAMLError, UnicodeDecodeError, ValidationError) as error:
            raise DenyFileError(f"{self._path}: {error}") from None
        self.denials.replace(
            Denial(issuer=each.issuer, subject=each.subject, jti=each.jti, reason=each.reason)
            for each in entries
        )
        self._told = ""
        self._log.info(LogEvent.DENY_LIST_LOADED, file=str(self._path), entries=len(entries))

    async def keep_fresh(self) -> None:
        """Read the file whenever it has changed, for ever."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                if self._stat() != self._seen:
                    # A long list takes a while to read, and traffic goes on.
                    await asyncio.to_thread(self.load)
            except (OSError, DenyFileError) as error:
                # What was denied stays denied.
                if str(error) != self._told:
                    self._log.error(LogEvent.DENY_LIST_UNREADABLE, reason=str(error))
                self._told = str(error)

    def _stat(self) -> tuple[int, int, int]:
        found = self._path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino
