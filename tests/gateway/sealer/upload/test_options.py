"""What the uploader is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.evidence.bucket.location import Location
from gateway.sealer.upload.options import decode_uploader, encode_uploader
from tests.gateway.sealer.upload.uploads import uploader_options


def test_options_cross_to_the_process_unchanged() -> None:
    """They are an argument of its command line."""
    options = uploader_options(Path("/somewhere"), Location(bucket="evidence", prefix="one"))

    assert options == decode_uploader(encode_uploader(options))


def test_what_is_no_options_is_refused() -> None:
    """Whoever starts it by hand is told."""
    with pytest.raises(ValueError, match="required field"):
        decode_uploader("{}")
