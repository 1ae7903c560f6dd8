"""What a case adds to a package: its custody log, and what was done, step by step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.log.keys import decode_vkey
from gateway.evidence.log.trust import Trust
from workbench.case.custody import CUSTODY, decode_custody
from workbench.case.folder import Case
from workbench.case.settings import SETTINGS
from workbench.package.build import CaseContent, build_package
from workbench.package.description import CaseOfPackage
from workbench.package.errors import PackageError
from workbench.package.ontology import Step

if TYPE_CHECKING:
    from workbench.case.custody import Entry
    from workbench.package.build import PackageOptions
    from workbench.package.description import Description


def content_of(case: Case, *, allows_damage: bool) -> CaseContent:
    """Return what a case adds; raises PackageError when its custody log is not sound."""
    try:
        files = {name: (case.folder / name).read_bytes() for name in (SETTINGS, CUSTODY)}
    except OSError as error:
        raise PackageError(f"the case cannot be read: {error}") from error
    custody = decode_custody(files[CUSTODY])
    if custody.flaw is not None and not allows_damage:
        raise PackageError(
            f"the custody log is not sound, {custody.flaw}; to package it as it is, allow that "
            "(--damaged)"
        )
    return CaseContent(
        about=CaseOfPackage(name=case.settings.name, custody_head=custody.head or ""),
        files=files,
        steps=[_step(entry) for entry in custody.entries],
    )


def _step(entry: Entry) -> Step:
    thing = entry.thing
    file = None if thing is None or thing.sha256 is None else (thing.name, thing.sha256)
    return Step(
        name=str(entry.action),
        description=msgspec.json.encode(entry.details).decode(),
        time=entry.time,
        actor=f"{entry.actor.name or entry.actor.user}@{entry.actor.host}",
        file=file,
    )


def package_case(options: PackageOptions, archive: str | None) -> Description:
    """Package an archive of a case with its custody log, which then names the package.

    The archive of `options` is the case's folder. Raises PackageError, CaseError and ArchiveError.
    """
    case = Case.open(options.archive, by=options.by)
    content = content_of(case, allows_damage=options.allows_damage)
    given = case.settings.root_key
    trust = options.trust if given is None else Trust(root=decode_vkey(given))
    path = case.archive_path(archive)
    description = build_package(replace(options, archive=path, case=content, trust=trust))
    case.add_package(options.out, verdict=description.verdict)
    return description
