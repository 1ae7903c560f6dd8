"""Objects of CASE and UCO as JSON-LD: caseontology.org, version 1 of both ontologies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from collections.abc import Iterable

# The names of what is described are derived from it, so that they come out the same every time.
_NAMESPACE: Final = UUID("6f2ac1c0-3f6b-5f0e-9d7a-3c1f4f6f5a10")
_UCO: Final = "https://ontology.unifiedcyberontology.org/uco"
CONTEXT: Final = {
    "kb": "urn:uuid:",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": f"{_UCO}/action/",
    "uco-core": f"{_UCO}/core/",
    "uco-identity": f"{_UCO}/identity/",
    "uco-observable": f"{_UCO}/observable/",
    "uco-tool": f"{_UCO}/tool/",
    "uco-types": f"{_UCO}/types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}

Node = dict[str, object]


def node(type_: str, *told: str, **properties: object) -> Node:
    """Return an object whose name follows from its type and from what tells it from others.

    Properties are named with `__` for the colon and `_` for the hyphen before it; what is None is
    left out.
    """
    found: Node = {"@id": f"kb:{uuid5(_NAMESPACE, chr(10).join((type_, *told)))}", "@type": type_}
    for name, value in properties.items():
        prefix, _, local = name.partition("__")
        if value is not None:
            found[f"{prefix.replace('_', '-')}:{local}"] = value
    return found


def reference(found: Node) -> Node:
    """Return what stands for an object elsewhere."""
    return {"@id": found["@id"]}


def references(found: Iterable[Node]) -> list[Node]:
    """Return what stands for objects elsewhere."""
    return [reference(each) for each in found]


def time(text: str) -> Node:
    """Return a point in time."""
    return {"@type": "xsd:dateTime", "@value": text}


def sha256_of(digest: str) -> Node:
    """Return a hash."""
    return node(
        "uco-types:Hash",
        digest,
        uco_types__hashMethod="SHA256",  # a plain string since UCO 1.4
        uco_types__hashValue={"@type": "xsd:hexBinary", "@value": digest},
    )


def file(path: str, digest: str, size: int | None = None) -> Node:
    """Return a file with its hash; of a file elsewhere the size is not known."""
    file_facet = node(
        "uco-observable:FileFacet",
        path,
        digest,
        uco_observable__fileName=path.rpartition("/")[2],
        uco_observable__filePath=path,
        uco_observable__isDirectory=False,
        uco_observable__sizeInBytes=size,
    )
    content = node(
        "uco-observable:ContentDataFacet",
        path,
        digest,
        uco_observable__hash=[sha256_of(digest)],
        uco_observable__sizeInBytes=size,
    )
    facets = [file_facet, content]
    return node("uco-observable:File", path, digest, uco_core__hasFacet=facets)
