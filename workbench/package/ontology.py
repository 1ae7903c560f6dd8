"""case.jsonld: the package in the terms of CASE and UCO, for the programs of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from workbench.package.readme import counted
from workbench.package.vocabulary import (
    CONTEXT,
    Node,
    file,
    node,
    reference,
    references,
    time,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workbench.package.description import Description


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that was done in the case before."""

    name: str
    description: str
    time: str
    actor: str
    file: tuple[str, str] | None
    """The path and the SHA-256 of what it was done with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The SHA-256 and the size of a file of the package."""

    sha256: str
    byte_count: int


def encode_ontology(
    description: Description, files: Mapping[str, Content], steps: Sequence[Step]
) -> bytes:
    """Return the graph as JSON-LD."""
    inside = [file(path, each.sha256, each.byte_count) for path, each in files.items()]
    tools = [_tool(name, version) for name, version in description.tools.items()]
    people = {name: _person(name) for name in _names(description, steps)}
    others: dict[str, Node] = {}
    told = [_step(step, people, tools[0], others) for step in steps]
    archive = _archive(description)
    record = node(
        "case-investigation:ProvenanceRecord",
        description.made,
        uco_core__name="evidence package",
        uco_core__description=_summary(description),
        uco_core__objectCreatedTime=time(description.made),
        uco_core__object=references([archive, *inside]),
    )
    packaged = node(
        "case-investigation:InvestigativeAction",
        "package",
        description.made,
        uco_core__name="packaged",
        uco_core__description=_summary(description),
        uco_action__endTime=time(description.made),
        uco_action__performer=reference(people[description.by or UNNAMED]),
        uco_action__instrument=references(tools),
        uco_action__object=[reference(archive)],
        uco_action__result=[reference(record)],
    )
    objects = [
        archive,
        *inside,
        *others.values(),
        *tools,
        *people.values(),
        *told,
        packaged,
        record,
    ]
    investigation = node(
        "case-investigation:Investigation",
        description.made,
        uco_core__name=description.archive if description.case is None else description.case.name,
        uco_core__object=references(objects),
    )
    bundle = node(
        "uco-core:Bundle",
        description.made,
        uco_core__name="streamwitness evidence package",
        uco_core__description=_summary(description),
        uco_core__object=references([*objects, investigation]),
    )
    graph = {"@context": CONTEXT, "@graph": [bundle, investigation, *objects]}
    return msgspec.json.format(msgspec.json.encode(graph)) + b"\n"


UNNAMED = "whoever made the package"


def _names(description: Description, steps: Sequence[Step]) -> list[str]:
    names = [description.by or UNNAMED, *(step.actor for step in steps)]
    return sorted(set(names))


def _person(name: str) -> Node:
    return node("uco-identity:Identity", name, uco_core__name=name)


def _tool(name: str, version: str) -> Node:
    return node("uco-tool:Tool", name, version, uco_core__name=name, uco_tool__version=version)


def _archive(description: Description) -> Node:
    """Return the archive that the package was made from; it is a folder, which has no hash."""
    heads = [f"{each.origin} {each.head_sha256}" for each in description.origins]
    facet = node(
        "uco-observable:FileFacet",
        "archive",
        *heads,
        uco_observable__fileName=description.archive,
        uco_observable__isDirectory=True,
    )
    return node(
        "uco-observable:File",
        "archive",
        *heads,
        uco_core__name=description.archive,
        uco_core__description="the archive; chain heads: " + "; ".join(heads),
        uco_core__hasFacet=[facet],
    )


def _summary(description: Description) -> str:
    parts = [f"verified: {description.verdict}"]
    parts += [
        f"{each.origin}: {counted(each.segments, 'segment')}, {counted(each.events, 'event')}"
        + (f", left out: {counted(each.left_out_events, 'event')}" if each.left_out_events else "")
        for each in description.origins
    ]
    parts += [f"{origin} was left out" for origin in description.origins_left_out]
    parts += [f"fault: {fault}" for fault in description.faults]
    return "; ".join(parts)


def _step(step: Step, people: Mapping[str, Node], tool: Node, others: dict[str, Node]) -> Node:
    thing = None
    if step.file is not None:
        found = file(*step.file)
        others[str(found["@id"])] = found
        thing = [reference(found)]
    return node(
        "case-investigation:InvestigativeAction",
        step.name,
        step.time,
        uco_core__name=step.name,
        uco_core__description=step.description,
        uco_action__endTime=time(step.time),
        uco_action__performer=reference(people[step.actor]),
        uco_action__instrument=[reference(tool)],
        uco_action__object=thing,
    )
