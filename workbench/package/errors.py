"""What a package can fail of: told in one message; nothing is left then."""

from __future__ import annotations


class PackageError(Exception):
    """No package was made; the message says why, and what to do."""
