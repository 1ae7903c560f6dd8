"""`streamwitness doctor --worm`: what an operator gets to see."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.buckets.servers import new_bucket
from tests.gateway.sealer.test_configured import GATEWAY

if TYPE_CHECKING:
    from gateway.evidence.bucket.location import Location

STREAMWITNESS = Path(sys.executable).with_name("streamwitness")


def _doctor(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [STREAMWITNESS, "doctor", *arguments], capture_output=True, text=True, check=False
    )


def test_a_bucket_that_holds_is_said_to(bucket: Location) -> None:
    """Each attack with how it ended, and exit code 0."""
    done = _doctor("--worm", str(bucket), "--endpoint", str(bucket.endpoint))
    *attacks, verdict = done.stdout.splitlines()

    assert (0, "") == (done.returncode, done.stderr)
    assert 13 == len(attacks)
    assert all(line.startswith("held    ") for line in attacks)
    assert f"{bucket} withstood every attack, in the mode COMPLIANCE" == verdict


def test_a_bucket_that_does_not_is_said_not_to(weak_storage: str, tmp_path: Path) -> None:
    """With exit code 1; here it is the one that a configuration names."""
    bucket = new_bucket(weak_storage)
    section = (
        f"object_storage: {{bucket: {bucket.bucket}, prefix: {bucket.prefix}, "
        f"endpoint: {bucket.endpoint!r}, region: {bucket.region}, retention_days: 30}}\n"
    )
    (tmp_path / "gateway.yaml").write_text(GATEWAY + section)
    done = _doctor("--worm", "--config", tmp_path / "gateway.yaml")

    assert 1 == done.returncode
    assert "broken  shorten the retention: it is locked until" in done.stdout
    assert f"{bucket} does NOT hold: 5 attacks were not withstood" in done.stdout


def test_a_legal_hold_is_tried_where_asked(bucket: Location) -> None:
    """It is lifted by the owner of the bucket, whose credentials these are."""
    done = _doctor("--worm", str(bucket), "--endpoint", str(bucket.endpoint), "--legal-hold")

    assert 1 == done.returncode
    assert "broken  lift the legal hold: the legal hold is gone" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "say what to look at: --worm"),
        (("--worm",), "give either s3://BUCKET/PREFIX or --config"),
        (("--worm", "s3://b/c", "--config", "x"), "give either"),
        (("--worm", "folder"), "names no place in object storage"),
        (("--worm", "--config", "none.yaml"), "none.yaml"),
        (("--worm", "s3://evidence", "--endpoint", "http://127.0.0.1:1"), "127.0.0.1:1"),
    ],
)
def test_what_cannot_be_tried_is_told(storage: str, arguments: tuple[str, ...], told: str) -> None:
    """With exit code 2."""
    done = _doctor(*arguments)

    assert (2, "") == (done.returncode, done.stdout)
    assert told in done.stderr


def test_a_configuration_without_a_bucket_is_told(tmp_path: Path) -> None:
    """There is nothing to attack."""
    (tmp_path / "gateway.yaml").write_text(GATEWAY)
    done = _doctor("--worm", "--config", tmp_path / "gateway.yaml")

    assert 2 == done.returncode
    assert "has no section object_storage" in done.stderr
