"""What can fail about a case: the responder's business, told in one message."""

from __future__ import annotations


class CaseError(Exception):
    """The case cannot be used as asked; the message says why, and what to do."""
