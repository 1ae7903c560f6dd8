"""What a package says of itself."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from gateway.evidence.sums import file_sum
from gateway.evidence.verify import verify
from tests.gateway.evidence.golden import GOLDEN
from tests.gateway.evidence.log.signed import ROOT
from workbench.package.choosing import Wanted, choose
from workbench.package.description import (
    describe_origin,
    faults_of,
    name_of,
    rfc3339,
    tools_used,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_an_origin_is_told_with_what_it_can_be_compared_by() -> None:
    """Its chain head, its checkpoint and its keys."""
    found = verify(GOLDEN).origins[0]

    part = describe_origin(GOLDEN, found, choose(GOLDEN, Wanted()), 3)

    assert (
        part.origin,
        part.segments,
        part.events,
        part.log_size,
        part.proofs,
    ) == ("gateway-1", 2, 17, 7, 3)
    assert file_sum(GOLDEN / "gateway-1" / "log" / "checkpoint") == part.checkpoint_sha256
    assert ("root", ROOT.public.vkey) == part.keys[0]


def test_each_fault_is_a_line(tmp_path: Path) -> None:
    """With its place, and nothing in it that could steer a terminal."""
    archive = tmp_path / "archive"
    shutil.copytree(GOLDEN, archive)
    (archive / "gateway-2" / "segments" / "a\x1bb").touch()

    (fault,) = faults_of(verify(archive))

    assert fault.startswith("unexpected_file: gateway-2/a\\x1bb, byte 0: ")


def test_all_that_a_package_depends_on_is_told_with_its_version() -> None:
    """Ours, Python's, the system's and the libraries of the base install."""
    tools = tools_used()

    assert ["streamwitness", "python", "platform"] == list(tools)[:3]
    assert {"pyarrow", "cryptography", "zstandard"} <= tools.keys()
    assert "polars" not in tools


@pytest.mark.parametrize("requirement", ["a-b>=1", "a-b", "a-b [x]>=2", "a-b; python_version>'3'"])
def test_the_name_of_a_requirement_ends_where_its_conditions_begin(requirement: str) -> None:
    """In every form that there is."""
    assert "a-b" == name_of(requirement)


def test_a_time_is_told_to_the_second() -> None:
    """In UTC."""
    assert "2026-09-21T14:13:20Z" == rfc3339(1_790_000_000.7)
