"""What can end the demo early, said so that the user knows what to do."""

from __future__ import annotations


class DemoError(Exception):
    """The demo cannot go on; the message says why, and which log or option to look at."""


class UsageError(DemoError):
    """What was asked for cannot be done: another folder or another address is needed."""
