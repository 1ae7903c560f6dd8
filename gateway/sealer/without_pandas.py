"""Recording without pandas, which pyarrow imports wherever it is installed."""

from __future__ import annotations

import sys


def do_without_pandas() -> None:
    """Let this process find no pandas; only for a process that is all our own.

    pyarrow imports it to look whether a list is a pandas object. That costs each process half a
    second and 45 MB, and a gateway that was killed comes back later by that.
    """
    sys.meta_path.insert(0, _WithoutPandas())


class _WithoutPandas:
    def find_spec(self, name: str, *_: object) -> None:
        """Refuse pandas, leave every other module to the other finders."""
        if name == "pandas":
            raise ModuleNotFoundError("not wanted here", name=name)
