"""Why something cannot be masked."""

from __future__ import annotations


class MaskError(ValueError):
    """A mask that makes no sense, or a key file that holds no keys; to be told to its author."""


class UndecodableError(ValueError):
    """Bytes in which the values to be masked cannot be found for certain.

    The text names the place and never quotes the bytes: they may be what is to be hidden.
    """
