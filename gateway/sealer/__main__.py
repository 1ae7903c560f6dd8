"""The sealer's process; see the package's docstring for what a supervisor does with it."""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.block import CloseReason
from gateway.evidence.errors import EvidenceError
from gateway.evidence.log.folder import LogFolder, log_directory
from gateway.sealer.sealing import Sealer, SealerOptions, decode_options, recover
from gateway.sealer.timestamping import Timestamping
from gateway.sealer.without_pandas import do_without_pandas
from gateway.sealer.witnessing import Witnessing

if TYPE_CHECKING:
    from collections.abc import Sequence

POLL_SECONDS = 0.05


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


def main(arguments: Sequence[str] | None = None) -> int:
    """Seal until told to end, or recover; return 0, or 1 with a line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m gateway.sealer", description=__doc__)
    parser.add_argument("options", type=decode_options, help="SealerOptions as a JSON object")
    parser.add_argument("--recover", action="store_true", help="recover, and print what is next")
    parsed = parser.parse_args(arguments)
    options: SealerOptions = parsed.options
    try:
        if parsed.recover:
            sys.stdout.write(f"{recover(options)}\n")
        else:
            _seal(options, Lifeline())
    except (OSError, ValueError, EvidenceError) as error:
        _complain(f"cannot seal {options.journal} into {options.archive}: {error}")
        return 1
    return 0


def _seal(options: SealerOptions, lifeline: Lifeline) -> None:
    sealer = Sealer(options)
    log = LogFolder(log_directory(options.archive, options.origin))
    witnessing = Witnessing(log, options.witnesses, options.journal)
    witnessing.start()
    timestamping = None if options.timestamps is None else Timestamping(log, options.timestamps)
    if timestamping is not None:
        timestamping.start()
    wait_seconds = 0.0
    while not lifeline.is_over(wait_seconds=wait_seconds):
        wait_seconds = 0.0 if sealer.step() else POLL_SECONDS

    def cosign() -> None:
        witnessing.finish()
        if timestamping is not None:
            timestamping.finish()

    sealer.finish(CloseReason.SHUTDOWN, cosign)


def _complain(reason: str) -> None:
    time = datetime.now(UTC).isoformat()
    line = {"event": "sealer_failed", "reason": reason, "level": "critical", "time": time}
    sys.stderr.write(msgspec.json.encode(line).decode() + "\n")


if __name__ == "__main__":
    do_without_pandas()
    sys.exit(main())
