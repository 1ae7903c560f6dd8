"""The manifest names everything that a report depends on."""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from tests.workbench.report.notebooks import code, write_notebook
from workbench import sample
from workbench.archive import open_archive
from workbench.report.manifest import Manifest, make_manifest
from workbench.report.notebook import read_notebook
from workbench.sample.recorder import ORIGIN

if TYPE_CHECKING:
    from pathlib import Path

SEGMENTS = ORIGIN + "/segments"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Copy the sample."""
    return shutil.copytree(sample.path(), tmp_path / "archive")


def manifest_of(archive: Path) -> Manifest:
    """Make the manifest of an archive and a small notebook."""
    path = write_notebook(archive.parent / "n.ipynb", code("1"))
    tables = open_archive(archive, cache=archive.parent / "cache")
    return make_manifest(archive, tables, read_notebook(path), {"name": "o'brien", "a": None})


def test_every_segment_is_hashed(archive: Path) -> None:
    """As sha256sum would."""
    manifest = manifest_of(archive)
    files = sorted((archive / SEGMENTS).iterdir())

    assert [(path.name, sha256(path.read_bytes()).hexdigest()) for path in files] == [
        (segment.name, segment.sha256) for segment in manifest.segments
    ]
    assert [path.stat().st_size for path in files] == [
        segment.byte_count for segment in manifest.segments
    ]


def test_a_whole_archive_has_its_chain_head(archive: Path) -> None:
    """One hash stands for all of it."""
    manifest = manifest_of(archive)
    (head,) = manifest.heads

    assert ("whole", ()) == (manifest.soundness, manifest.faults)
    assert (ORIGIN, head.event_count - 1, False) == (head.origin, head.last_sequence, head.is_open)
    assert 64 == len(head.head_sha256 or "")


def test_damage_is_told(archive: Path) -> None:
    """A report on a damaged archive says so on its first lines."""
    *_, last = sorted((archive / SEGMENTS).iterdir())
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 1
    last.write_bytes(content)
    manifest = manifest_of(archive)

    assert "damaged" == manifest.soundness
    assert manifest.faults


def test_parameters_versions_and_rows_are_listed(archive: Path) -> None:
    """With them the report can be built again."""
    manifest = manifest_of(archive)

    assert {"a": "None", "name": '"o\'brien"'} == manifest.parameters
    assert {"python", "streamwitness", "polars", "altair"} <= set(manifest.versions)
    assert len(sample.truth().reads) == manifest.row_counts["reads"]
    assert 9 == len(manifest.row_counts)


def test_its_json_cannot_end_the_element_that_holds_it(archive: Path) -> None:
    """Nor begin another."""
    manifest = manifest_of(archive)
    evil = Manifest(
        **{
            **{name: getattr(manifest, name) for name in Manifest.__dataclass_fields__},
            "parameters": {"name": "</script><script>alert(1)</script>"},
        }
    )

    assert "<" not in evil.to_json()
    assert "</script><script>alert(1)</script>" == json.loads(evil.to_json())["parameters"]["name"]
