"""From an archive to an evidence package, in one call."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from gateway.evidence.archive import LOCK, check_archive
from gateway.evidence.errors import EvidenceError
from gateway.evidence.files import check_name
from gateway.evidence.log.trust import Trust
from gateway.evidence.selection import SELECTION
from gateway.evidence.verify import Verdict, Verification, verify
from workbench.package.choosing import Choice, Wanted, choose
from workbench.package.copying import (
    CUSTODY,
    DESCRIPTION,
    KEYS,
    ONTOLOGY,
    PROOFS,
    README,
    REPORT,
    VERIFIER,
    copy_archive,
)
from workbench.package.description import (
    CaseOfPackage,
    Description,
    describe_origin,
    faults_of,
    rfc3339,
    tools_used,
)
from workbench.package.errors import PackageError
from workbench.package.ontology import Content, Step, encode_ontology
from workbench.package.proving import write_proofs
from workbench.package.readme import readme
from workbench.package.sums import sums_of, write_key, write_list
from workbench.package.tar import write_tar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gateway.evidence.log.signing import Signer

_FAULTS_SHOWN_MAX: Final = 5
# By these the verifiers know the folder of an origin.
PARTS_OF_AN_ORIGIN: Final = frozenset({"log", "segments", LOCK})


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseContent:
    """What a case adds to a package."""

    about: CaseOfPackage
    files: Mapping[str, bytes]
    """Its own files, by their names."""
    steps: Sequence[Step]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageOptions:
    """What to package, and where to."""

    archive: Path
    out: Path
    """A folder that is new or empty."""
    made_s: float
    """When it is made, in Unix seconds."""
    wanted: Wanted = field(default_factory=Wanted)
    report: Path | None = None
    by: str | None = None
    case: CaseContent | None = None
    signer: Signer | None = None
    """Who signs the list of hashes, if anybody."""
    tar: Path | None = None
    """Where to write all of it as one file besides, if anywhere."""
    allows_damage: bool = False
    trust: Trust = field(default_factory=Trust)


def build_package(options: PackageOptions) -> Description:
    """Write an evidence package, and verify it; raises PackageError and ArchiveError.

    Then nothing is left. The same archive, options and versions give the same bytes.
    """
    check_archive(options.archive)
    out = options.out
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise PackageError(f"{out} holds something already: choose a new or an empty folder")
    if out.resolve().is_relative_to(options.archive.resolve()):
        raise PackageError(f"{out} is in the archive, which stays as it is: choose another folder")
    _refuse_damage(options, verify(options.archive, trust=options.trust), "")
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _build(options)
    except BaseException as error:
        shutil.rmtree(out, ignore_errors=True)
        if isinstance(error, EvidenceError | OSError):
            raise PackageError(f"no package was made: {error}") from error
        raise


def _build(options: PackageOptions) -> Description:
    out = options.out
    choice = choose(options.archive, options.wanted)
    copy_archive(options.archive, out, choice)
    if choice.selection is not None:
        _write(out / SELECTION, _json(choice.selection))
    proofs = _prove(options, choice)
    verification = verify(out, trust=options.trust)
    _refuse_damage(options, verification, " after it was copied: it changed meanwhile, try again")
    description = _describe(options, choice, verification, proofs)
    for part in description.origins:
        keys = "".join(f"{role} {key}\n" for role, key in part.keys)
        if keys:
            _write(out / KEYS / f"{part.origin}.txt", keys.encode())
    _copy_others(options)
    _write(out / DESCRIPTION, _json(description))
    if options.signer is not None:
        write_key(out, options.signer)
    names = frozenset(path.name for path in out.iterdir())
    text = readme(description, is_signed=options.signer is not None, names=names)
    _write(out / README, text.encode())
    sums = sums_of(out)
    files = {
        path: Content(sha256=sums[path], byte_count=(out / path).stat().st_size) for path in sums
    }
    steps = () if options.case is None else options.case.steps
    _write(out / ONTOLOGY, encode_ontology(description, files, steps))
    # The list comes last, so a folder without one is no package.
    write_list(out, options.signer)
    if options.tar is not None:
        write_tar(out, options.tar)
    return description


def _refuse_damage(options: PackageOptions, verification: Verification, when: str) -> None:
    if verification.verdict is not Verdict.DAMAGED or options.allows_damage:
        return
    faults = faults_of(verification)
    told = "; ".join(faults[:_FAULTS_SHOWN_MAX])
    raise PackageError(
        f"the archive is damaged{when}: {len(faults)} faults: {told}; "
        "to package it as it is, with its damage written into it, allow that (--damaged)"
    )


def _prove(options: PackageOptions, choice: Choice) -> dict[str, int]:
    if choice.selection is None:
        return {}
    return {
        origin: write_proofs(options.archive, origin, paths, options.out / PROOFS / origin)
        for origin, paths in choice.segments.items()
    }


def _describe(
    options: PackageOptions, choice: Choice, verification: Verification, proofs: Mapping[str, int]
) -> Description:
    return Description(
        made=rfc3339(options.made_s),
        by=options.by,
        archive=options.archive.resolve().name,
        verdict=str(verification.verdict),
        faults=faults_of(verification),
        origins=[
            describe_origin(options.out, each, choice, proofs.get(each.origin, 0))
            for each in verification.origins
        ],
        origins_left_out=() if choice.selection is None else choice.selection.origins_left_out,
        case=None if options.case is None else options.case.about,
        tools=tools_used(),
    )


def _copy_others(options: PackageOptions) -> None:
    shutil.copyfile(find_verifier(), options.out / VERIFIER)
    if options.report is not None:
        try:
            name = check_name(options.report.name, what="the report")
        except ValueError as error:
            raise PackageError(f"{error}; rename it") from error
        if name in PARTS_OF_AN_ORIGIN:
            message = f"{VERIFIER} takes what is called {name} for an origin's: rename the report"
            raise PackageError(message)
        _write(options.out / REPORT / name, options.report.read_bytes())
    if options.case is not None:
        for name, content in options.case.files.items():
            _write(options.out / CUSTODY / name, content)


def find_verifier() -> Path:
    """Return the verifier that needs nothing of ours, from a clone or from an installation."""
    package = Path(__file__).parents[1]
    for path in (package / VERIFIER, package.parent / "tools" / VERIFIER):
        if path.is_file():
            return path
    raise PackageError(
        f"{VERIFIER} did not come with this installation: install streamwitness anew"
    )


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value)) + b"\n"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
