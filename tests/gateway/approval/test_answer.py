"""What a held request is told."""

from __future__ import annotations

import pytest

from gateway.approval.answer import Answer, AnswerKind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Waiting for approval r1: try again once it is decided", AnswerKind.WAIT),
        ("Refused by approval r1: denied", AnswerKind.REFUSED),
        ("Granted by approval r1", AnswerKind.GRANTED),
    ],
)
def test_the_message_names_the_request(text: str, kind: AnswerKind) -> None:
    """Who is refused can tell a reviewer which request to look at."""
    assert text == Answer(kind=kind, request_id="r1", reason="denied").message
