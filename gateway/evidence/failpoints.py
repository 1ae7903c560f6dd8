"""Failpoints: the named moments at which a test lets a process die.

With STREAMWITNESS_FAILPOINT=journal.appended:3 in its environment a process kills itself, as kill
-9 would, when it passes that moment for the third time. Without the variable a failpoint is one
look into a cache.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

VARIABLE: Final = "STREAMWITNESS_FAILPOINT"


class Failpoint(StrEnum):
    """Every moment that has a name; what stands before the dot is whose moment it is."""

    JOURNAL_CREATED = "journal.created"
    """A journal file stands there with its header, and no event is in it yet."""
    JOURNAL_APPENDED = "journal.appended"
    """Events are written and not synced; nothing that they describe has passed."""
    JOURNAL_SYNCED = "journal.synced"
    """Events are synced, and whoever waits for that does not know it yet."""
    REQUEST_RECORDED = "gateway.request_recorded"
    """A request's intent is recorded; the broker has not got the request."""
    REQUEST_FORWARDED = "gateway.request_forwarded"
    """The request is on its way to the broker."""
    ANSWER_RECEIVED = "gateway.answer_received"
    """The broker has answered, and nothing of that is recorded."""
    ANSWER_RECORDED = "gateway.answer_recorded"
    """The answer is recorded; the client has not got it."""
    ANSWER_RELEASED = "gateway.answer_released"
    """The answer is on its way to the client."""
    SEGMENT_CREATED = "segment.created"
    """The segment's file and name are durable; nothing is in it."""
    BLOCK_WRITTEN = "segment.block_written"
    """A block is written and not synced."""
    BLOCK_SYNCED = "segment.block_synced"
    """All blocks are synced; no checkpoint covers the newest."""
    SEGMENT_ENDED = "segment.ended"
    """The segment is whole and synced under the name of an unfinished one."""
    FILE_RENAMED = "segment.renamed"
    """A segment or a key has got its final name, which is not durable yet."""
    KEY_CREATED = "log.key_created"
    """The sealer's own key is durable and has no certificate."""
    LOG_FILE_WRITTEN = "log.file_written"
    """A file of the log is synced beside the one that it is to replace."""
    LOG_FILE_RENAMED = "log.file_renamed"
    """Files of the log have taken their places, which is not durable yet."""
    TILES_PUBLISHED = "log.tiles_published"
    """The tiles of a checkpoint are durable; it is not signed."""
    CHECKPOINT_SIGNED = "log.checkpoint_signed"
    """A checkpoint is signed, and known to nobody."""
    CHECKPOINT_REMEMBERED = "log.checkpoint_remembered"
    """The checkpoint is durable beside the journal; the archive still shows the one before."""
    CHECKPOINT_PUBLISHED = "log.checkpoint_published"
    """The checkpoint is durable in the archive."""
    INTENTS_WRITTEN = "sealer.intents_written"
    """The open intents are synced beside the file that they are to replace."""
    INTENTS_SAVED = "sealer.intents_saved"
    """The open intents are durable, and so are the blocks that belong to them."""
    JOURNAL_FREEING = "sealer.journal_freeing"
    """A checkpoint covers all of a journal file, which is about to be deleted."""
    JOURNAL_FREED = "sealer.journal_freed"
    """A journal file is deleted, which is not durable yet."""
    LOSSES_RECORDED = "sealer.losses_recorded"
    """Recovery has recorded what a crash left open, and sealed none of that."""


@dataclass(slots=True)
class Armed:
    """The failpoint that is to be met, and how often it is still to be passed."""

    failpoint: Failpoint
    passes_left: int


def reach(failpoint: Failpoint) -> None:
    """Die here, if the environment says so; raises ValueError when that names no failpoint."""
    met = armed()
    if met is None or met.failpoint is not failpoint:
        return
    assert met.passes_left > 0, "nobody passes the last time twice"
    met.passes_left -= 1
    if met.passes_left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


@cache
def armed() -> Armed | None:
    """Return what the environment arms, looked at once; raises ValueError."""
    told = os.environ.get(VARIABLE)
    if told is None:
        return None
    name, _, passes = told.partition(":")
    if name not in set(Failpoint) or not (passes.isdecimal() and int(passes) > 0):
        raise ValueError(
            f"{VARIABLE} is {told!r}: write NAME:PASSES, the name being one of "
            f"{', '.join(Failpoint)}; or unset it, for only tests need it"
        )
    return Armed(Failpoint(name), int(passes))
