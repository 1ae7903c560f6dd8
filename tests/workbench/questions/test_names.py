"""Names are found as people type them, and unknown ones are met with those that are close."""

from __future__ import annotations

import pytest

from tests.workbench.frames import Frames, at
from workbench.questions.names import (
    UnknownNameError,
    find_principal,
    find_session,
    find_topic,
    is_topic,
    near,
)

TOPIC_ID = "AAECAwQFBgcICQoLDA0ODw"


def recorded() -> Frames:
    """Record two principals and two topics, one known by its id alone."""
    frames = Frames()
    frames.connect("s1", "billing")
    frames.connect("s2", "shop")
    frames.connect("s3", None)
    frames.give("s1", "payments", 0, ["a"])
    frames.lines["delivered"].append(
        frames.lines["delivered"][0] | {"topic": None, "topic_id": TOPIC_ID}
    )
    return frames


@pytest.mark.parametrize("name", ["billing", "billing@idp"])
def test_a_principal_is_found_by_its_subject_too(name: str) -> None:
    """Nobody types the issuer where one is enough."""
    assert "billing@idp" == find_principal(recorded().tables, name)


def test_a_subject_of_two_issuers_is_refused() -> None:
    """Guessing would answer about somebody else."""
    frames = recorded()
    frames.connect("s4", "billing", issuer="other", principal="billing@other")

    with pytest.raises(UnknownNameError, match="several principals: billing@idp, billing@other"):
        find_principal(frames.tables, "billing")


def test_an_unknown_principal_is_met_with_close_names() -> None:
    """A typing error is mended by reading the message."""
    with pytest.raises(UnknownNameError, match=r"'biling' was recorded: did you mean billing\b"):
        find_principal(recorded().tables, "biling")


def test_a_name_like_no_other_is_met_with_all() -> None:
    """There is something to choose from."""
    with pytest.raises(UnknownNameError, match="there are billing@idp, shop@idp"):
        find_principal(recorded().tables, "zzz")


def test_a_recording_without_principals_knows_nobody() -> None:
    """The message does not offer an empty list."""
    frames = Frames()
    frames.connect("s1", None)

    with pytest.raises(UnknownNameError, match="the tables know none"):
        find_principal(frames.tables, "billing")


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_name_in_what_is_missing_is_taken_as_it_is(*, is_empty: bool) -> None:
    """An empty or damaged archive may have held it: that is not a typing error."""
    frames = Frames() if is_empty else recorded()
    if not is_empty:
        frames.lose("frame")

    assert "mallory" == find_principal(frames.tables, "mallory")
    assert "cards" == find_topic(frames.tables, "cards")
    assert "s9" == find_session(frames.tables, "s9")


def test_a_name_of_after_the_newest_event_is_taken_as_it_is() -> None:
    """Only what was recorded until then is known in full, so only then is it a typing error."""
    frames = recorded()
    frames.lose("no_end", is_information=True, since=at(20))
    tables = frames.tables

    assert "mallory" == find_principal(tables, "mallory")
    assert "cards" == find_topic(tables, "cards", at(21))
    assert "s9" == find_session(tables, "s9", at(21))
    with pytest.raises(UnknownNameError):
        find_principal(tables, "mallory", at(20))
    with pytest.raises(UnknownNameError):
        find_topic(tables, "cards", at(20))
    with pytest.raises(UnknownNameError):
        find_session(tables, "s9", at(20))


def test_a_topic_that_was_only_made_or_deleted_is_known() -> None:
    """Nobody read it; that can be asked."""
    frames = recorded()
    frames.add("admin", "s2", api="CREATE_TOPICS", targets=["empty"], error_code=0)
    frames.add("admin", "s2", api="DELETE_GROUPS", targets=["group"], error_code=0)

    assert "empty" == find_topic(frames.tables, "empty")
    with pytest.raises(UnknownNameError):
        find_topic(frames.tables, "group")


def test_a_topic_of_which_only_offsets_were_committed_is_known() -> None:
    """Its records may have come another way; that nobody was given any can be asked."""
    frames = recorded()
    frames.add("commits", "s2", topic="quiet")

    assert "quiet" == find_topic(frames.tables, "quiet")


def test_a_topic_that_only_failed_requests_named_is_met_with_close_names() -> None:
    """A typing error of somebody else is one too."""
    frames = recorded()
    frames.add("admin", "s2", api="DELETE_TOPICS", targets=["paymets"], error_code=3)
    frames.add("commits", "s2", topic="payment", error_code=3)
    frames.write("s2", "pyments", None, ["a"])
    frames.lines["produced"][0]["error_code"] = 3

    for typed in ("paymets", "payment", "pyments"):
        with pytest.raises(UnknownNameError, match="did you mean payments"):
            find_topic(frames.tables, typed)


@pytest.mark.parametrize("name", ["PAYMENTS", "Payments", "payment", "PAYMENT"])
def test_close_names_are_found_in_any_case(name: str) -> None:
    """Somebody who shouts means the same."""
    with pytest.raises(UnknownNameError, match="did you mean payments"):
        find_topic(recorded().tables, name)


def test_names_that_differ_in_case_alone_are_both_near() -> None:
    """Kafka tells them apart."""
    assert ["Orders", "orders"] == near("ORDERS", ["Orders", "orders", "payments", "orders"])


@pytest.mark.parametrize("session", [(), []])
def test_no_connection_at_all_is_refused(session: tuple[str, ...] | list[str]) -> None:
    """Nothing is read on none, whoever is asked about."""
    with pytest.raises(ValueError, match=r"names no connection: leave it out"):
        find_session(recorded().tables, session)


@pytest.mark.parametrize("session", ["s4", ("s1", "s4")])
def test_a_connection_that_was_not_recorded_is_refused(session: str | tuple[str, ...]) -> None:
    """It would have read nothing, which is no answer."""
    with pytest.raises(UnknownNameError, match="'s4' was recorded; there are s1, s2, s3"):
        find_session(recorded().tables, session)


def test_connections_that_were_recorded_are_taken() -> None:
    """One or several."""
    assert ("s1", "s2") == find_session(recorded().tables, ("s1", "s2"))


@pytest.mark.parametrize("name", ["payments", TOPIC_ID])
def test_a_topic_is_found_by_its_name_or_its_id(name: str) -> None:
    """What no answer has named can still be asked about."""
    tables = recorded().tables

    assert name == find_topic(tables, name)
    assert 1 == tables.delivered.filter(is_topic(name)).collect().height


def test_an_unknown_topic_is_met_with_close_names() -> None:
    """As with principals."""
    with pytest.raises(UnknownNameError, match="did you mean payments"):
        find_topic(recorded().tables, "payment")


def test_long_lists_of_names_are_cut_with_their_number() -> None:
    """A cluster with a thousand topics does not fill the screen."""
    frames = recorded()
    for number in range(30):
        frames.give("s1", f"topic-{number:02d}", 0, ["a"])

    with pytest.raises(UnknownNameError, match="topic-10 and 19 more"):
        find_topic(frames.tables, "zzz")
