"""The digest that binds a decision to what was asked: SHA-256 over one way to write a value.

Each value is written with its type and its length, so that no two values are written alike and
none runs into the next.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence


def digest_of(value: object) -> str:
    """Give the digest in hexadecimal; raises TypeError for what no request can hold."""
    return hashlib.sha256(canonical(value)).hexdigest()


def canonical(value: object) -> bytes:
    """Write a value in the one way that stands for it; a mapping's order does not count."""
    match value:
        case None:
            return _tagged(b"n", b"")
        case bool() | int() | float():
            kind = b"b" if isinstance(value, bool) else b"i" if isinstance(value, int) else b"f"
            return _tagged(kind, repr(value).encode())
        case str():
            return _tagged(b"s", value.encode("utf-8", "surrogatepass"))
        case bytes() | bytearray() | memoryview():
            # Record batches are large, and their bytes are of no other use here.
            return _tagged(b"y", hashlib.sha256(value).digest())
        case Mapping():
            pairs = sorted(canonical(key) + canonical(each) for key, each in value.items())
            return _tagged(b"m", b"".join(pairs))
        case Sequence():
            return _tagged(b"l", b"".join(map(canonical, value)))
        case _:
            raise TypeError(f"{type(value).__name__} is nothing that a request holds")


def _tagged(kind: bytes, content: bytes) -> bytes:
    return b"%s%d:%s" % (kind, len(content), content)
