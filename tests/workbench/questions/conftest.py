"""The sample as tables, with and without a write past the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench import sample
from workbench.archive import open_archive

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.sample.truth import Truth


@pytest.fixture(scope="session")
def breach(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Open the sample."""
    return open_archive(sample.path(), cache=tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def truth() -> Truth:
    """Tell what really happened in the sample."""
    return sample.truth()


@pytest.fixture(scope="session")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Open the sample of a cluster that is reached through the gateway only."""
    folder = tmp_path_factory.mktemp("closed")
    sample.write(folder / "archive", bypass=False)
    return open_archive(folder / "archive", cache=folder / "cache")
