"""What `import workbench` offers."""

from __future__ import annotations

import subprocess
import sys

import pytest

import workbench
from workbench import archive


def test_every_export_is_there() -> None:
    """The names that are promised can be used, and no other is kept."""
    assert sorted(workbench._NAMES) == workbench.__all__
    for name in workbench.__all__:
        assert getattr(workbench, name) is not None, name


def test_an_archive_is_opened_by_open() -> None:
    """`wb.open` reads as it should."""
    assert archive.open_archive is workbench.open


@pytest.mark.parametrize("module", ["archive", "sample", "tables"])
def test_its_parts_are_found_without_an_import_of_their_own(module: str) -> None:
    """`wb.sample` works after `import workbench as wb` alone."""
    code = f"import workbench as wb; assert wb.{module}.__name__ == 'workbench.{module}'"

    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)

    assert 0 == done.returncode, done.stderr


def test_other_names_are_not_there() -> None:
    """A misspelled name is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="no attribute 'opem'"):
        workbench.opem  # noqa: B018 - looking is what fails


def test_opening_an_archive_waits_for_no_pandas() -> None:
    """The first use of the workbench does not load what it has no use for."""
    code = "import sys, workbench as wb; wb.open; assert 'pandas' not in sys.modules"

    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)

    assert 0 == done.returncode, done.stderr
