"""What a report can fail of: the responder's business, told in one message."""

from __future__ import annotations


class ReportError(Exception):
    """No report was written; the message says why."""
