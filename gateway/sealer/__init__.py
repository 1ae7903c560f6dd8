"""The sealer: a process of its own that turns the journal into sealed segments.

A *tail* (tail) reads the journal's files in order while they grow. *Open intents* (intents) are the
requests whose outcome the journal has not told yet. The *sealer* (sealing) makes blocks of what the
tail yields, syncs them, rotates segments, and frees a journal file once all of it is in synced
blocks and a newer file exists. It is the only writer of its origin's part of the archive.

What a supervisor does:

1. `recover_apart(SealerOptions(...))` before the gateway records anything: seals what an earlier
   run left, keeps torn bytes as `torn` rows, writes `outcome_unknown` for intents without an
   answer, and returns the next sequence number for the `JournalWriter`. Safe when nothing exists;
   waits a while for the sealer of an earlier run to end; raises `ArchiveError` when that does not
   happen. Like the sealer it is a process of its own, for only such a one reads the private keys
   that sign the log.
2. `sealer_command(SealerOptions(...))` beside the gateway. It needs no readiness signal: what is
   recorded before it runs, waits.
3. When it dies, start the same command again: it carries on where it stopped. Exit code 1 and a
   line on standard error mean that the archive or the journal failed (disk full, I/O error, lock).
4. To end it, close the `JournalWriter`, then close the sealer's standard input: it seals the rest,
   frees the journal and exits with 0. If the gateway is gone without closing the journal (kill -9),
   it does what `recover` does. If a gateway still records, it seals what there is and leaves the
   journal's newest file. It ignores SIGTERM and SIGINT, which a terminal or a service manager sends
   to every process; SIGKILL costs nothing.
"""

from gateway.sealer.apart import recover_apart, sealer_command
from gateway.sealer.keys import SigningOptions
from gateway.sealer.sealing import SealerOptions, recover
from gateway.sealer.timestamping import TimestampOptions
from gateway.sealer.upload.options import UploaderOptions, UploadOptions
from gateway.sealer.without_pandas import do_without_pandas
from gateway.sealer.witnessing import WitnessOptions

__all__ = [
    "SealerOptions",
    "SigningOptions",
    "TimestampOptions",
    "UploadOptions",
    "UploaderOptions",
    "WitnessOptions",
    "do_without_pandas",
    "recover",
    "recover_apart",
    "sealer_command",
]
