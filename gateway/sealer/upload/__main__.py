"""The uploader's process: rounds until its standard input ends, and then what is left."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Final

from gateway.evidence.bucket.client import open_client
from gateway.evidence.errors import EvidenceError
from gateway.evidence.lock import FileLock
from gateway.sealer.lifeline import Lifeline
from gateway.sealer.saying import Trouble, say
from gateway.sealer.upload.late import end_when_late
from gateway.sealer.upload.options import UploaderOptions, decode_uploader
from gateway.sealer.upload.uploader import Uploader

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKOFF_SECONDS: Final = 1.0
BACKOFF_SECONDS_MAX: Final = 300.0
# What is left then is uploaded by the next start.
FINISH_SECONDS: Final = 30.0
_LOCK_SECONDS: Final = 2 * FINISH_SECONDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Upload until told to end; return 0, or 1 when something is not in the bucket."""
    parser = argparse.ArgumentParser(prog="python -m gateway.sealer.upload", description=__doc__)
    parser.add_argument("options", type=decode_uploader, help="UploaderOptions as a JSON object")
    options: UploaderOptions = parser.parse_args(arguments).options
    lifeline = Lifeline()
    try:
        # The uploader of an earlier run may have a last round to go.
        lock = FileLock(
            options.memory / "uploader.lock", what="uploads this", wait_seconds=_LOCK_SECONDS
        )
        with open_client(options.upload.location) as client:
            is_complete = _upload(Uploader(client, options), options, lifeline)
        lock.release()
    except (OSError, EvidenceError) as error:
        say("upload_failed", "critical", reason=str(error), failing_seconds=0)
        return 1
    return 0 if is_complete else 1


def _upload(uploader: Uploader, options: UploaderOptions, lifeline: Lifeline) -> bool:
    trouble = Trouble("upload_failed", "upload_back")
    wait_seconds, backoff_seconds = 0.0, BACKOFF_SECONDS
    while not lifeline.is_over(wait_seconds=wait_seconds):
        wait_seconds = options.upload.interval_seconds
        if _is_done(uploader, trouble):
            backoff_seconds = BACKOFF_SECONDS
        else:
            wait_seconds = backoff_seconds
            backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)
    return _finish(uploader, trouble)


def _finish(uploader: Uploader, trouble: Trouble) -> bool:
    deadline = time.monotonic() + FINISH_SECONDS
    while True:
        if _is_done(uploader, trouble) and uploader.is_complete:
            return True
        if time.monotonic() + BACKOFF_SECONDS >= deadline:
            say("upload_unfinished", "error", reason="the rest is uploaded after the next start")
            return False
        time.sleep(BACKOFF_SECONDS)


def _is_done(uploader: Uploader, trouble: Trouble) -> bool:
    try:
        count = uploader.round()
    except (OSError, EvidenceError) as error:
        trouble.goes_on(str(error))
        return False
    trouble.is_over()
    if count:
        say("uploaded", "info", files=count)
    return True


if __name__ == "__main__":
    end_when_late(Lifeline())
    sys.exit(main())
