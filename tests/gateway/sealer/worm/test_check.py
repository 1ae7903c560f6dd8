"""The gateway's question at its start, and the line of the log that answers it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.sealer.worm.check import check_worm
from tests.buckets.servers import new_bucket
from tests.gateway.sealer.upload.uploads import upload_options

if TYPE_CHECKING:
    import pytest

    from gateway.evidence.bucket.location import Location


def _line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    (line,) = capsys.readouterr().err.splitlines()
    return dict(json.loads(line))


def test_a_bucket_that_holds_is_good(bucket: Location, capsys: pytest.CaptureFixture[str]) -> None:
    """With the number of attacks that it withstood."""
    assert check_worm(upload_options(bucket))

    line = _line(capsys)
    assert ("info", 13, {}, str(bucket)) == (
        line["level"],
        line["held"],
        line["not_held"],
        line["bucket"],
    )


def test_a_bucket_that_does_not_is_not(
    weak_storage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the attacks that won, and how."""
    assert not check_worm(upload_options(new_bucket(weak_storage)))

    line = _line(capsys)
    assert ("critical", 8) == (line["level"], line["held"])
    assert "suspend versioning" in str(line["not_held"])


def test_a_bucket_that_cannot_be_asked_is_not(
    bucket: Location, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is known of it."""
    assert not check_worm(upload_options(replace(bucket, endpoint="http://127.0.0.1:1")))

    line = _line(capsys)
    assert ("critical", 0) == (line["level"], line["held"])
    assert "127.0.0.1:1" in str(line["reason"])
