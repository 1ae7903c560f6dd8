"""The check as a process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gateway.sealer.upload.options import encode_uploader
from gateway.sealer.worm import __main__ as module
from tests.buckets.servers import new_bucket
from tests.gateway.sealer.upload.uploads import uploader_options

if TYPE_CHECKING:
    from gateway.evidence.bucket.location import Location


def test_its_exit_code_is_the_answer(bucket: Location, weak_storage: str) -> None:
    """0 for a bucket that holds, 1 for one that does not."""
    codes = [
        module.main([encode_uploader(uploader_options(Path("/unused"), location))])
        for location in (bucket, new_bucket(weak_storage))
    ]

    assert [0, 1] == codes
