"""The sealer's process; see the package's docstring for what a supervisor does with it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from gateway.evidence.block import CloseReason
from gateway.evidence.errors import EvidenceError
from gateway.evidence.log.folder import LogFolder, log_directory
from gateway.sealer.lifeline import Lifeline
from gateway.sealer.saying import say
from gateway.sealer.sealing import Sealer, SealerOptions, decode_options, recover
from gateway.sealer.timestamping import Timestamping
from gateway.sealer.uploading import Uploading
from gateway.sealer.without_pandas import do_without_pandas
from gateway.sealer.witnessing import Witnessing

if TYPE_CHECKING:
    from collections.abc import Sequence

POLL_SECONDS = 0.05


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
        reason = f"cannot seal {options.journal} into {options.archive}: {error}"
        say("sealer_failed", "critical", reason=reason)
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
    uploading = Uploading(options.upload)
    uploading.start()
    wait_seconds = 0.0
    while not lifeline.is_over(wait_seconds=wait_seconds):
        wait_seconds = 0.0 if sealer.step() else POLL_SECONDS

    def cosign() -> None:
        witnessing.finish()
        if timestamping is not None:
            timestamping.finish()

    sealer.finish(CloseReason.SHUTDOWN, cosign)
    uploading.finish()


if __name__ == "__main__":
    do_without_pandas()
    sys.exit(main())
