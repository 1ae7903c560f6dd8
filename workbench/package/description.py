"""What a package is: where it comes from, what was left out, and what verifying it came to."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import requires, version
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.document import printable, time_text
from gateway.evidence.log.folder import CHECKPOINT, log_directory
from gateway.evidence.sums import file_sum
from workbench.package.keys import keys_of

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.evidence.verify import OriginVerification, Verification
    from workbench.package.choosing import Choice

_DISTRIBUTION: Final = "streamwitness"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the package of one origin."""

    origin: str
    segments: int
    events: int
    left_out_events: int
    first_time: str | None
    last_time: str | None
    head_sha256: str | None
    checkpoint_sha256: str | None
    log: str | None
    log_size: int
    keys: list[tuple[str, str]]
    """Each key as text, after its role: root or recorder."""
    proofs: int


class CaseOfPackage(msgspec.Struct, frozen=True, kw_only=True):
    """The case that the package was made from."""

    name: str
    custody_head: str


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """The content of package.json."""

    streamwitness_package: int = 1
    made: str
    """The only time of its own that a package has."""
    by: str | None
    archive: str
    """The name of the folder that it was made from."""
    verdict: str
    faults: list[str]
    origins: list[Part]
    origins_left_out: tuple[str, ...]
    case: CaseOfPackage | None
    tools: dict[str, str]


def describe_origin(package: Path, found: OriginVerification, choice: Choice, proofs: int) -> Part:
    """Return what is in a package of one origin that was verified there."""
    segments = [
        package / path.relative_to(path.parents[2]) for path in choice.segments[found.origin]
    ]
    checkpoint = log_directory(package, found.origin) / CHECKPOINT
    return Part(
        origin=found.origin,
        segments=found.segments,
        events=found.events,
        left_out_events=found.left_out_events,
        first_time=time_text(found.first_wall_ns),
        last_time=time_text(found.last_wall_ns),
        head_sha256=None if found.head is None else found.head.digest,
        checkpoint_sha256=file_sum(checkpoint) if checkpoint.is_file() else None,
        log=found.log.log,
        log_size=found.log.size,
        keys=keys_of(package, found.origin, segments),
        proofs=proofs,
    )


def faults_of(verification: Verification) -> list[str]:
    """Return each fault in a line."""
    return [
        printable(
            f"{fault.kind}: {'/'.join(part for part in (fault.origin, fault.segment) if part)}, "
            f"byte {fault.byte_offset}: {fault.message}"
        )
        for fault in verification.faults
    ]


def tools_used() -> dict[str, str]:
    """Return the versions of what made the package."""
    needed = [each for each in requires(_DISTRIBUTION) or [] if "extra ==" not in each]
    libraries = sorted(name_of(each) for each in needed)
    return {
        _DISTRIBUTION: version(_DISTRIBUTION),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
    } | {library: version(library) for library in libraries}


def name_of(requirement: str) -> str:
    """Return the name of the distribution that a requirement is about."""
    end = next((at for at, each in enumerate(requirement) if each in " <>=!~;[("), None)
    return requirement[:end]


def rfc3339(seconds: float) -> str:
    """Return a time in Unix seconds as text, to the second."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
