"""What a request that is held is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AnswerKind(StrEnum):
    """What becomes of a held request."""

    GRANTED = "granted"
    WAIT = "wait"
    """Nobody has decided yet: come again."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The decision about a held request, as far as there is one.

    `is_charged` says that what is delivered counts against limits, and must be charged before it
    is released.
    """

    kind: AnswerKind
    request_id: str
    reason: str = ""
    is_charged: bool = False

    @property
    def message(self) -> str:
        """Tell a client what is going on, with the id under which to look for it."""
        match self.kind:
            case AnswerKind.WAIT if not self.request_id:
                return "Waiting for approval: try again"
            case AnswerKind.WAIT:
                return f"Waiting for approval {self.request_id}: try again once it is decided"
            case AnswerKind.REFUSED:
                return f"Refused by approval {self.request_id}: {self.reason}"
            case AnswerKind.GRANTED:
                return f"Granted by approval {self.request_id}"
