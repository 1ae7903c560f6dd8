"""Recording does without pandas, and only pandas."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.sealer.sealing import encode_options
from gateway.sealer.without_pandas import do_without_pandas
from tests.gateway.sealer.journals import event, kinds, options, record

if TYPE_CHECKING:
    from pathlib import Path

SEAL = """
import runpy, sys
sys.argv[1:] = {arguments!r}
try:
    runpy.run_module("gateway.sealer", run_name="__main__")
except SystemExit as ended:
    print(ended.code, "pandas" in sys.modules, "pyarrow" in sys.modules)
"""


def test_pandas_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other module is."""
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    for name in ("pandas", "colorsys"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    do_without_pandas()
    with pytest.raises(ModuleNotFoundError, match="not wanted here"):
        __import__("pandas")

    assert __import__("colorsys").__name__ == "colorsys"


def test_a_sealer_never_loads_it(tmp_path: Path) -> None:
    """A sealer is small and soon at work, also where the workbench is installed beside it."""
    writer = record(tmp_path)
    writer.append([event()])
    writer.close()
    done = subprocess.run(
        [sys.executable, "-c", SEAL.format(arguments=[encode_options(options(tmp_path))])],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "0 False True\n"
    assert kinds(tmp_path) == ["delivered"]
