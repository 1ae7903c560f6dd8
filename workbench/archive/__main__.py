"""`python -m workbench.archive CACHE SEGMENT` converts one segment into a cache."""

from __future__ import annotations

import sys
from pathlib import Path

from workbench.archive.cache import Cache

if __name__ == "__main__":
    Cache(Path(sys.argv[1])).converted(Path(sys.argv[2]))
