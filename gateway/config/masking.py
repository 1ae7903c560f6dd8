"""The `masking` section: the keys that mask rules name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from gateway.config.section import Section
from gateway.masking.errors import MaskError
from gateway.masking.keys import parse_keys
from gateway.masking.rules import Plans

if TYPE_CHECKING:
    from gateway.masking.keys import Key

KEYS_MAX = 1_000

KeyName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]


class Masking(Section):
    """What masking needs besides the rules of the policy."""

    keys: dict[KeyName, Path] = Field(default={}, max_length=KEYS_MAX)

    def within(self, folder: Path) -> Masking:
        """Let relative paths count from a folder."""
        return Masking(keys={name: folder / file for name, file in self.keys.items()})

    def plans(self) -> Plans:
        """Read the key files; raises MaskError, which names the file and quotes nothing of it."""
        return Plans({name: _read(name, file) for name, file in self.keys.items()})


def _read(name: str, file: Path) -> tuple[Key, ...]:
    try:
        return parse_keys(name, file.read_text(encoding="ascii"))
    except OSError as error:
        raise MaskError(f"key {name}: {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise MaskError(f"key {name}: {file} is no text: write lines such as `1 BASE64`") from None
