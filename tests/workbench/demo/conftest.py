"""One real run of the demo, which the tests of its parts look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.lock import FileLock
from workbench.archive import open_archive
from workbench.demo.cast import Topics
from workbench.demo.folder import Folder
from workbench.demo.truth import load_truth

if TYPE_CHECKING:
    from workbench.demo.truth import GroundTruth
    from workbench.tables import Tables

STREAMWITNESS = Path(sys.executable).with_name("streamwitness")
# Every process of the run carries this in its environment, also those that outlive it by mistake.
MARK = "STREAMWITNESS_TEST_RUN"
RUN_SECONDS = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A run that is over."""

    folder: Folder
    mark: str
    exit_code: int
    output: str
    errors: str

    @property
    def topics(self) -> Topics:
        """The topics of a run on the embedded broker."""
        return Topics()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Run the demo once for all tests, also when they are spread over several processes."""
    # Workers of xdist have folders of their own below one that they share.
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    out, done = shared / "demo", shared / "demo.json"
    lock = FileLock(shared / "demo.lock", what="runs the demo", wait_seconds=RUN_SECONDS)
    try:
        if not done.exists():
            done.write_text(json.dumps(run_demo(out)))
    finally:
        lock.release()
    return Demo(folder=Folder(out), **json.loads(done.read_text()))


@pytest.fixture(scope="session")
def truth(demo: Demo) -> GroundTruth:
    """What the run's clients noted."""
    assert demo.exit_code == 0, demo.output + demo.errors
    return load_truth(demo.folder.ground_truth)


@pytest.fixture(scope="session")
def tables(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """What the run's archive tells."""
    return open_archive(demo.folder.archive, cache=tmp_path_factory.mktemp("cache"))


def run_demo(out: Path, *arguments: str) -> dict[str, object]:
    """Run the command as a user does."""
    mark = f"{out}-{os.getpid()}"
    command = [str(STREAMWITNESS), "demo", "--out", str(out), "--no-open", *arguments]
    done = subprocess.run(
        command,
        env=os.environ | {MARK: mark},
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return {
        "mark": mark,
        "exit_code": done.returncode,
        "output": done.stdout,
        "errors": done.stderr,
    }
