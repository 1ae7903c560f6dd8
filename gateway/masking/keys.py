"""The secrets of keyed methods: a file for each name, a line for each epoch.

    1 q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=
    2 ...

The last line is the one in use; those before it stay, so that older pseudonyms can be made again.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass, field
from typing import Final

from gateway.masking.errors import MaskError

SECRET_BYTES_MIN: Final = 32
EPOCH_MAX: Final = 9_999


@dataclass(frozen=True, slots=True)
class Key:
    """One secret, and which of its name's it is."""

    name: str
    epoch: int
    secret: bytes = field(repr=False)


def parse_keys(name: str, text: str) -> tuple[Key, ...]:
    """Read a key file; raises MaskError, whose text never quotes a secret."""
    keys: list[Key] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key = _parse_line(name, number, line)
        if keys and key.epoch <= keys[-1].epoch:
            raise MaskError(f"key {name}, line {number}: epochs must rise from line to line")
        keys.append(key)
    if not keys:
        raise MaskError(f"key {name}: the file holds no key: write a line such as `1 BASE64`")
    return tuple(keys)


def _parse_line(name: str, number: int, line: str) -> Key:
    epoch, _, encoded = line.strip().partition(" ")
    if not epoch.isascii() or not epoch.isdecimal() or not 1 <= int(epoch) <= EPOCH_MAX:
        raise MaskError(f"key {name}, line {number}: begins with no epoch from 1 to {EPOCH_MAX}")
    try:
        secret = b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise MaskError(f"key {name}, line {number}: the secret is no base64") from None
    if len(secret) < SECRET_BYTES_MIN:
        raise MaskError(
            f"key {name}, line {number}: the secret has {len(secret)} bytes: "
            f"make one of at least {SECRET_BYTES_MIN}, with `openssl rand -base64 32`"
        )
    return Key(name, int(epoch), secret)
