"""An uploader's end when the bucket gives it none: an answer may come a byte at a time."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Final

from gateway.sealer.saying import say

if TYPE_CHECKING:
    from gateway.sealer.lifeline import Lifeline

# A little longer than the uploader's own last rounds take.
LATE_SECONDS: Final = 35.0
_LOOK_SECONDS: Final = 60.0


def end_when_late(lifeline: Lifeline) -> None:
    """End this process, wherever it is, some time after it was told to end.

    Nobody else would: it would hold its lock for ever, and no later one could upload anything.
    """
    threading.Thread(target=_end, args=(lifeline,), name="late", daemon=True).start()


def _end(lifeline: Lifeline) -> None:
    while not lifeline.is_over(wait_seconds=_LOOK_SECONDS):
        pass
    time.sleep(LATE_SECONDS)
    reason = "the bucket's answer does not end; the rest is uploaded after the next start"
    say("upload_unfinished", "error", reason=reason)
    os._exit(1)
