"""The strongest export names whom to look at, unless a responder does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workbench.frames import Frames
from workbench.questions.bulk_exports import bulk_exports
from workbench.questions.names import UnknownNameError
from workbench.questions.suspects import Suspect, choose_suspect

if TYPE_CHECKING:
    from workbench.archive import Archive
    from workbench.sample.truth import Truth


def test_the_strongest_export_is_chosen(breach: Archive, truth: Truth) -> None:
    """With its connection and the topic that it read most."""
    suspect = choose_suspect(breach, bulk_exports(breach))

    assert (
        Suspect(principal=truth.suspect, sessions=(truth.suspect_session,), topic=truth.topic)
        == suspect
    )


def test_a_named_principal_is_taken_with_all_its_connections(breach: Archive) -> None:
    """It exported nothing, and is looked at all the same."""
    suspect = choose_suspect(breach, bulk_exports(breach), principal="reporting")

    assert "reporting@gateway:clients, reading invoices" == str(suspect)


def test_a_client_is_all_of_its_connections() -> None:
    """It reads on one, writes on another, and comes from one address with one program."""
    frames = Frames()
    frames.connect("usual", "billing", peer="10.0.0.2:1000")
    frames.give("usual", "cards", 0, range(300))
    for number in range(3):
        peer = f"192.0.2.9:400{number}"
        frames.connect(f"new-{number}", "billing", 100, client_id="rdkafka", peer=peer)
    frames.give("new-1", "cards", 0, range(300), 200)
    suspect = choose_suspect(frames.tables, bulk_exports(frames.tables))

    assert suspect.sessions == ("new-0", "new-1", "new-2")
    assert str(suspect) == "billing@idp on 3 connections, reading cards"


def test_a_named_topic_is_taken(breach: Archive) -> None:
    """Though it was not what was read most."""
    suspect = choose_suspect(breach, bulk_exports(breach), topic="orders")

    assert "orders" == suspect.topic


def test_without_an_export_somebody_must_be_named() -> None:
    """The message says what to do."""
    frames = Frames()
    frames.connect("c", "billing")

    with pytest.raises(UnknownNameError, match="name the principal to look at"):
        choose_suspect(frames.tables, bulk_exports(frames.tables))


def test_where_an_export_may_be_missing_the_message_says_so() -> None:
    """Nobody should take a damaged archive for one without an export."""
    frames = Frames()
    frames.lose("frame")
    exports = bulk_exports(frames.tables)

    with pytest.raises(
        UnknownNameError,
        match=r"may be missing: 1 part of the archive is damaged .* the principal and the topic",
    ):
        choose_suspect(frames.tables, exports)
    named = choose_suspect(frames.tables, exports, principal="billing", topic="cards")
    assert Suspect(principal="billing", sessions=None, topic="cards") == named


def test_who_read_nothing_needs_a_topic() -> None:
    """There is none to choose."""
    frames = Frames()
    frames.connect("c", "billing")

    with pytest.raises(UnknownNameError, match="name the topic to look at"):
        choose_suspect(frames.tables, bulk_exports(frames.tables), principal="billing")
