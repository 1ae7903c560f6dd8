"""What tells a process of the sealer's to end."""

from __future__ import annotations

import os
import select
import signal
import sys


class Lifeline:
    """Tells when to end: with the end of standard input, which the supervisor holds open.

    Signals say nothing: Ctrl-C reaches every process of a terminal, and SIGTERM every process of a
    service, but the sealer's turn comes when the gateway has recorded its last event.
    """

    def __init__(self) -> None:
        self._is_over = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)

    def is_over(self, *, wait_seconds: float) -> bool:
        """Wait that long at most and return whether to end."""
        if not self._is_over:
            readable, _, _ = select.select([sys.stdin.fileno()], [], [], wait_seconds)
            self._is_over = bool(readable) and not os.read(sys.stdin.fileno(), 4096)
        return self._is_over
