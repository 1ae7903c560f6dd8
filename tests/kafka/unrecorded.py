"""A gateway that is broken on purpose: it records everything a second after it let it pass.

`python -m tests.kafka.unrecorded` takes the arguments of `streamwitness`.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from gateway.cli import main
from gateway.server.recorder import Recorder, RecordingStoppedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.evidence.durability import Durability
    from gateway.evidence.event import Event

LATE_SECONDS = 1.0


def record_late() -> None:
    """Let events pass as if they were recorded."""
    append = Recorder.append

    def append_now(recorder: Recorder, events: Sequence[Event]) -> None:
        # The journal may have been closed meanwhile: that is what it is to be late.
        with contextlib.suppress(RecordingStoppedError):
            append(recorder, events)

    def append_late(recorder: Recorder, events: Sequence[Event]) -> int:
        asyncio.get_running_loop().call_later(LATE_SECONDS, append_now, recorder, list(events))
        return 0

    def covers(_recorder: Recorder, _sequence: int, _durability: Durability) -> bool:
        return True

    for name, broken in {"append": append_late, "covers": covers}.items():
        setattr(Recorder, name, broken)


if __name__ == "__main__":
    record_late()
    main()
