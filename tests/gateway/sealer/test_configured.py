"""The configuration's sections as the sealer's processes take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.config.load import load_config
from gateway.evidence.bucket.location import Location
from gateway.sealer import configured as module
from gateway.sealer.configured import configured_upload
from gateway.sealer.upload.options import UploaderOptions, UploadOptions

if TYPE_CHECKING:
    from pathlib import Path

GATEWAY = """
instance: gateway-1
archive: ./archive
journal: ./journal
upstream: {bootstrap: ["127.0.0.1:9092"]}
listeners:
  - {name: a, port: 19092, nodes: {first_port: 19093, count: 1}, authentication: {type: none}}
"""
STORAGE = """
object_storage:
  bucket: evidence
  prefix: gateways/one
  endpoint: http://127.0.0.1:9000
  region: eu-central-1
  retention_days: 400
  mode: governance
  legal_hold: true
  interval_seconds: 5
  require_worm: true
"""


def _upload(tmp_path: Path, text: str) -> UploaderOptions | None:
    (tmp_path / "gateway.yaml").write_text(text)
    return configured_upload(load_config(tmp_path / "gateway.yaml"))


def test_every_key_arrives(tmp_path: Path) -> None:
    """With the archive and the journal's folder of this origin."""
    location = Location(
        bucket="evidence",
        prefix="gateways/one",
        endpoint="http://127.0.0.1:9000",
        region="eu-central-1",
    )
    upload = UploadOptions(
        location=location,
        retention_days=400,
        mode="GOVERNANCE",
        legal_hold=True,
        interval_seconds=5,
        require_worm=True,
    )
    expected = UploaderOptions(
        archive=tmp_path / "archive",
        origin="gateway-1.0",
        memory=tmp_path / "journal" / "gateway-1.0",
        upload=upload,
    )

    assert expected == _upload(tmp_path, GATEWAY + STORAGE)


def test_without_the_section_nothing_is_uploaded(tmp_path: Path) -> None:
    """The archive is a folder alone."""
    assert _upload(tmp_path, GATEWAY) is None


def test_a_missing_library_is_told_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line then names the extra that brings it."""
    monkeypatch.setattr(module, "_LIBRARY", "no_such_library")
    with pytest.raises(ModuleNotFoundError) as missing:
        _upload(tmp_path, GATEWAY + STORAGE)

    assert "no_such_library" == missing.value.name
