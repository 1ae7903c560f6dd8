"""When a disk is full, what was recorded before is sealed as soon as there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crashes.program import run
from tests.gateway.sealer.matrix import say

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("full", ["journal", "archive"])
def test_a_full_disk_costs_nothing_that_was_recorded(tmp_path: Path, full: str) -> None:
    """Whatever its size: the last write is cut short, and the next one refused."""
    found, filled = run("full", tmp_path, full, "none")
    say(f"{full} on a full tmpfs", int(filled), len(found))

    assert found == []
    assert int(filled) > 5


def test_a_writer_that_ignores_short_writes_loses_something(tmp_path: Path) -> None:
    """The test above sees a loss where there is one."""
    found, filled = run("full", tmp_path, "journal", "whole writes")
    say("journal on a full tmpfs without whole writes", int(filled), len(found))

    assert found != []
