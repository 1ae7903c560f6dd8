"""Whatever system call the kernel refuses, or a process dies in, nothing recorded is lost.

STREAMWITNESS_THOROUGH lets every call fail in every way; otherwise each run picks other ones.
"""

from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING

import pytest

from tests.crashes.program import run
from tests.gateway.sealer.matrix import say

if TYPE_CHECKING:
    from pathlib import Path

# There are about 2,600 cases.
STEP = 1 if "STREAMWITNESS_THOROUGH" in os.environ else 53
CONTROL_STEP = 37


@pytest.mark.timeout(3600)
def test_a_refused_system_call_costs_nothing(tmp_path: Path) -> None:
    """It fails with EIO or ENOSPC, or the process is killed as it makes it."""
    first = random.randrange(STEP)
    found, counts = run("injected", tmp_path, first, STEP, "none")
    cases: dict[str, int] = json.loads(counts)
    for fault, count in cases.items():
        say(f"{fault} injected into a system call", count, len(found))

    assert found == [], f"first case {first}, step {STEP}"
    assert min(cases.values()) * STEP > 500


def test_a_writer_that_ignores_errors_loses_something(tmp_path: Path) -> None:
    """The test above sees a loss where there is one."""
    found, counts = run("injected", tmp_path, 0, CONTROL_STEP, "failed writes")
    say("faults injected without failed writes", sum(json.loads(counts).values()), len(found))

    assert found != []
