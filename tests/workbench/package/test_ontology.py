"""case.jsonld: valid in the terms of the published ontology, which its own validator says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workbench.package.packages import described
from workbench.package.description import CaseOfPackage
from workbench.package.ontology import Content, Step, encode_ontology

VALIDATE = Path(sys.executable).with_name("case_validate")
FILES = {"archive.json": Content(sha256="c" * 64, byte_count=9)}
STEPS = (
    Step(
        name="exported",
        description='{"question":"q"}',
        time="2026-11-18T10:00:00.000000Z",
        actor="Eve@host",
        file=("exports/a.csv", "d" * 64),
    ),
    Step(
        name="noted",
        description="{}",
        time="2026-11-18T10:00:01.000000Z",
        actor="Eve@host",
        file=None,
    ),
)


def encoded() -> bytes:
    """Return the graph of a package of a case that is damaged and a part."""
    description = described(
        case=CaseOfPackage(name="Leak", custody_head="e" * 64),
        origins_left_out=("gateway-2",),
        faults=["frame: one"],
    )
    return encode_ontology(description, FILES, STEPS)


@pytest.mark.parametrize(
    ("term", "instead", "conforms"),
    [
        ("", "", True),
        ("case-investigation:InvestigativeAction", "case-investigation:Deed", False),
        ('"xsd:hexBinary"', '"xsd:string"', False),
    ],
)
def test_the_ontologys_own_validator_finds_nothing(
    tmp_path: Path, term: str, instead: str, *, conforms: bool
) -> None:
    """And it does find a term or a type that is none of the ontology's."""
    graph = tmp_path / "case.jsonld"
    graph.write_text(encoded().decode().replace(term, instead) if term else encoded().decode())

    done = subprocess.run([VALIDATE, graph], capture_output=True, text=True, check=False)

    assert conforms == (0 == done.returncode), done.stdout + done.stderr


def test_who_did_what_with_which_file_is_told() -> None:
    """Every object that is referred to is there."""
    graph = json.loads(encoded())["@graph"]
    ids = {each["@id"] for each in graph}
    types = [each["@type"].partition(":")[2] for each in graph]

    assert {
        "Bundle": 1,
        "Investigation": 1,
        "ProvenanceRecord": 1,
        "InvestigativeAction": 3,
        "File": 3,
    } == {name: types.count(name) for name in set(types) - {"Tool", "Identity"}}
    assert set(_references(graph)) <= ids
    (record,) = (each for each in graph if each["@type"].endswith("ProvenanceRecord"))
    assert "gateway-2 was left out; fault: frame: one" in record["uco-core:description"]


def test_the_graph_comes_out_the_same_every_time() -> None:
    """Also the names of its objects."""
    assert encoded() == encoded()


def _references(found: object) -> list[str]:
    if isinstance(found, list):
        return [each for item in found for each in _references(item)]
    if isinstance(found, dict):
        if found.keys() == {"@id"}:
            return [str(found["@id"])]
        return [each for item in found.values() for each in _references(item)]
    return []
