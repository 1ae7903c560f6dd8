"""`python -m workbench.archive CACHE SEGMENT [KEYS IDENTITY]` converts one segment into a cache."""

from __future__ import annotations

import sys
from pathlib import Path

from workbench.archive.cache import Cache
from workbench.archive.keys import KeyRing

if __name__ == "__main__":
    directory, segment, *keys = map(Path, sys.argv[1:])
    Cache(directory, KeyRing(*keys)).converted(segment)
