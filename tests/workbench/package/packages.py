"""What the tests of packages share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.package.build import PackageOptions
from workbench.package.description import Description, Part

if TYPE_CHECKING:
    from pathlib import Path

MADE_S = 1_795_000_000.0


def options(archive: Path, out: Path, **more: object) -> PackageOptions:
    """Return what makes a package at a time that is always the same."""
    return PackageOptions(archive=archive, out=out, made_s=MADE_S, **more)  # type: ignore[arg-type] # any field


def described(**more: object) -> Description:
    """Return the description of a package with one origin."""
    part = Part(
        origin="gateway-1",
        segments=1,
        events=5,
        left_out_events=0,
        first_time="2026-09-21T14:13:20.000000000Z",
        last_time="2026-09-21T14:13:21.000000000Z",
        head_sha256="a" * 64,
        checkpoint_sha256="b" * 64,
        log="example.com/gateway-1",
        log_size=7,
        keys=[("root", "example.com/root+00000000+AQ==")],
        proofs=0,
    )
    fields: dict[str, object] = {
        "made": "2026-11-18T11:06:40Z",
        "by": "Ada",
        "archive": "archive",
        "verdict": "whole",
        "faults": [],
        "origins": [part],
        "origins_left_out": (),
        "case": None,
        "tools": {"streamwitness": "0.1.0", "python": "CPython 3.11"},
    }
    return Description(**fields | more)  # type: ignore[arg-type] # any field
