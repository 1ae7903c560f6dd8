"""Recovery in a process of its own: the gateway's never holds the key that signs the log."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec

from gateway.evidence.errors import ArchiveError
from gateway.sealer.sealing import encode_options
from gateway.sealer.uploading import require_worm

if TYPE_CHECKING:
    from gateway.sealer.sealing import SealerOptions


class _Complaint(msgspec.Struct):
    reason: str


def sealer_command(options: SealerOptions) -> list[str]:
    """Return the command that starts a sealer."""
    # -P: the folder in which the gateway was started is no place to import from.
    return [sys.executable, "-P", "-m", "gateway.sealer", encode_options(options)]


def recover_apart(options: SealerOptions) -> int:
    """Do what `recover` does, in another process; raises ArchiveError.

    Nothing is recovered into a bucket that has to hold and does not.
    """
    if options.upload is not None and options.upload.upload.require_worm:
        require_worm(options.upload)
    command = [*sealer_command(options), "--recover"]
    done = subprocess.run(  # noqa: S603 - this program's own sealer
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return int(done.stdout)
    last = done.stderr.strip().rpartition("\n")[2]
    try:
        reason = msgspec.json.decode(last, type=_Complaint).reason
    except msgspec.MsgspecError:
        reason = f"recovery ended with exit code {done.returncode}: {last}"
    raise ArchiveError(reason)
