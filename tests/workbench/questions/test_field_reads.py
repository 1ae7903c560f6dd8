"""Whether a field reached a principal in clear is decided for each record of each delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.workbench.frames import Frames
from workbench.questions.field_reads import did_principal_read_field
from workbench.questions.fields import FieldPathError
from workbench.questions.verdict import Answer, Proof, Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workbench.archive import Archive
    from workbench.sample.truth import Truth

CARDS = [{"card": {"number": "4111", "brand": "x"}}, {"card": {"number": "4242"}}]
ONE_EACH = {"card.number": 2}
TWIN = {"card": {"number": "**11"}, "Card": {"Number": "4111"}}
TWO_IN_ONE = {"card": [{"number": "4111"}, {"number": "4242"}]}
AVRO = b"\x00\x00\x00\x00\x07avro"
NULLED = {"card": {"number": None}}
MASKED = [{"card": {"number": "**11"}}, {"card": {"number": "**42"}}]


def given(values: Sequence[object], masked: dict[str, int] | None = None) -> Frames:
    """Record one delivery of payments."""
    frames = Frames()
    frames.connect("c", "eve")
    frames.give("c", "payments", 0, values, masked=masked)
    return frames


def ask(frames: Frames, field: str = "card.number") -> Verdict:
    """Ask whether eve read it."""
    return did_principal_read_field(frames.tables, "eve", "payments", field)


def states(verdict: Verdict) -> dict[str, int]:
    """Return how often the field was delivered in each state."""
    return dict(verdict.frame.select("state", "deliveries").iter_rows())


def test_the_intruder_read_every_card_in_clear(breach: Archive, truth: Truth) -> None:
    """So many records, and so many different cards, as really left."""
    verdict = did_principal_read_field(
        breach, truth.suspect, truth.topic, truth.field, session=truth.suspect_session
    )
    read = {
        read.place
        for read in truth.reads
        if read.session == truth.suspect_session and read.place.topic == truth.topic
    }

    assert (Answer.YES, Proof.REPUBLISHED) == (verdict.answer, verdict.proof)
    assert [(len(read), len(truth.clear_values))] == verdict.frame.select(
        "records", "distinct_values"
    ).rows()


def test_a_masked_reader_read_nothing_in_clear(closed: Archive, truth: Truth) -> None:
    """Every delivery was masked, and nothing that is missing could have been otherwise."""
    verdict = did_principal_read_field(closed, truth.masked_reader, truth.topic, truth.field)

    assert Answer.NO == verdict.answer
    assert {"masked"} == set(verdict.frame["state"])


def test_a_neighbouring_field_was_readable(closed: Archive, truth: Truth) -> None:
    """Masking the card does not mask the address."""
    verdict = did_principal_read_field(closed, truth.masked_reader, truth.topic, "email")

    assert Answer.YES == verdict.answer


def test_the_rows_do_not_hold_the_values(breach: Archive, truth: Truth) -> None:
    """A report about a leak must not be the next one."""
    verdict = did_principal_read_field(breach, truth.suspect, truth.topic, truth.field)
    told = verdict._repr_html_() + str(verdict.rows.head(50).collect())

    assert not any(value in told for value in truth.clear_values)


@pytest.mark.parametrize(
    ("answer", "expected", "values", "masked"),
    [
        (Answer.YES, {"clear": 2}, CARDS, None),
        (Answer.NO, {"masked": 2}, MASKED, {"card.number": 2}),
        (Answer.NO, {"masked": 2}, MASKED, {"card": 2}),
        (Answer.YES, {"clear": 2}, CARDS, {"email": 2}),
        (Answer.NO, {"masked": 2}, MASKED, {"$.card.number": 2}),
        (Answer.UNKNOWN, {"maybe masked": 2}, CARDS, {"$..number": 9}),
        (Answer.YES, {"clear": 2}, CARDS, {"$..email": 9, "key:$.card": 9, "header:card:$": 9}),
        (Answer.YES, {"clear": 2}, CARDS, {"$": 9}),
        (Answer.YES, {"clear": 2}, CARDS, {"card.brand": 1}),
        (Answer.UNKNOWN, {"maybe masked": 2}, CARDS, {"card.number": 1}),
        (Answer.NO, {"absent": 1}, [{"card": {}}], None),
        (Answer.NO, {"absent": 1}, [None], None),
        (Answer.UNKNOWN, {"undecodable": 1}, [AVRO], None),
        (Answer.YES, {"clear": 2, "undecodable": 1}, [*CARDS, b"?"], None),
        (Answer.UNKNOWN, {"elsewhere": 1}, [{"after": {"number": "4111"}}], None),
        (
            Answer.UNKNOWN,
            {"elsewhere": 1, "masked": 2},
            [*MASKED, {"x": {"Number": "4"}}],
            ONE_EACH,
        ),
        (Answer.UNKNOWN, {"elsewhere": 1}, [{"card.number.first": "4"}], None),
        (Answer.UNKNOWN, {"elsewhere": 1}, [TWIN], {"card.number": 1}),
        (Answer.YES, {"clear": 1}, [TWIN], None),
        (Answer.YES, {"clear": 1}, [{"card": [{"number": "4111"}]}], None),
        (Answer.UNKNOWN, {"maybe masked": 1}, [TWO_IN_ONE], {"card.number": 1}),
        (Answer.NO, {"masked": 1}, [TWO_IN_ONE], {"card.number": 2}),
        (Answer.UNKNOWN, {"masked": 1, "undecodable": 1}, [MASKED[0], AVRO], {"card.number": 1}),
        (Answer.UNKNOWN, {"masked": 1, "undecodable": 1}, [MASKED[0], b'"4"'], {"card.number": 1}),
        (Answer.UNKNOWN, {"undecodable": 1}, [[MASKED[0], "\0\1"]], {"card.number": 1}),
        (Answer.YES, {"clear": 1}, [[CARDS[0], "\0\1"]], None),
        (Answer.NO, {"masked": 1}, [MASKED], {"card.number": 2}),
        (Answer.UNKNOWN, {"elsewhere": 1}, [{"name": "card.number", "value": "4111"}], None),
        (
            Answer.UNKNOWN,
            {"elsewhere": 1},
            [MASKED[0] | {"columns": ["number"], "rows": [["4111"]]}],
            {"card.number": 1},
        ),
        (Answer.NO, {"absent": 1, "masked": 1}, [MASKED[0], None], {"card.number": 1}),
        (Answer.NO, {"absent": 1, "masked": 1}, [MASKED[0], {}], {"card.number": 1}),
        (Answer.NO, {"masked": 2}, [NULLED, MASKED[0]], {"card.number": 2}),
        (Answer.UNKNOWN, {"maybe masked": 2}, [NULLED, CARDS[0]], {"card.number": 1}),
        (Answer.NO, {"masked": 2}, [{"card": "***"}, {"card": None}], {"card": 2}),
        (Answer.UNKNOWN, {"maybe masked": 2}, [{"card": "***"}, CARDS[0]], {"card": 1}),
        (Answer.UNKNOWN, {"maybe masked": 2}, CARDS, {"card.number": 1, "card": 1}),
    ],
)
def test_each_delivery_has_a_state(
    answer: Answer,
    expected: dict[str, int],
    values: Sequence[object],
    masked: dict[str, int] | None,
) -> None:
    """Masked only as often as the gateway says that it masked."""
    verdict = ask(given(values, masked))

    assert (answer, expected) == (verdict.answer, states(verdict))


def test_the_places_of_the_same_name_are_told() -> None:
    """Whoever asked needs to know what to ask instead."""
    values = [{place: {"number": "4111"}} for place in ("d", "c", "b", "a", "a")]
    verdict = ask(given(values))

    assert (
        "Delivered 5 times elsewhere. That name was seen at a.number, b.number, c.number and 1 "
        "more place: ask for that path, or look at a text or value by hand." == verdict.because
    )
    assert {"clear": 2, "elsewhere": 3} == states(ask(given(values), "a.number"))


def test_each_item_of_a_list_is_a_value() -> None:
    """Two cards in one record, and one of them once more."""
    verdict = ask(given([TWO_IN_ONE, CARDS[0]]))

    assert "Delivered 2 times clear; 2 different values in clear." == verdict.because


def test_a_structure_is_readable_when_a_part_of_it_is() -> None:
    """Masking the number leaves the rest of the card."""
    assert Answer.YES == ask(given(CARDS, {"card.number": 2}), "card").answer


def test_a_delivery_without_its_payload_may_hold_anything() -> None:
    """What was delivered is known, what stood in it is not."""
    frames = given(CARDS)
    frames.lines["records"].clear()

    assert {"undecodable": 2} == states(ask(frames))
    assert Answer.UNKNOWN == ask(frames).answer


def test_a_masked_delivery_without_its_payload_may_hold_more() -> None:
    """The masks were counted, what they left was not seen."""
    frames = given(CARDS, {"card.number": 2})
    frames.lines["records"].clear()

    assert {"undecodable": 2} == states(ask(frames))
    assert Answer.UNKNOWN == ask(frames).answer


def test_the_same_batch_is_masked_for_one_and_clear_for_another() -> None:
    """Each delivery counts for itself."""
    frames = given(MASKED, {"card.number": 2})
    frames.connect("d", "eve")
    frames.give("d", "payments", 0, CARDS, 10)

    assert {"clear": 2, "masked": 2} == states(ask(frames))


def test_a_damaged_archive_makes_no_unknown() -> None:
    """Another delivery may be missing."""
    frames = given(MASKED, {"card.number": 2})
    frames.lose("frame")
    verdict = ask(frames)

    assert Answer.UNKNOWN == verdict.answer
    assert "Delivered 2 times masked. But 1 part of the archive" in verdict.because


def test_nothing_delivered_is_told_as_such() -> None:
    """Not as a list without items."""
    frames = given(CARDS)
    frames.connect("d", "bob")
    verdict = did_principal_read_field(frames.tables, "bob", "payments", "card")

    assert (
        "No delivery is recorded. That holds until 2026-03-17 09:10:00 UTC, when recording ended."
        == verdict.because
    )


def test_different_values_of_several_connections_are_a_lower_bound() -> None:
    """Two connections may have seen the same ones, or not."""
    frames = given(CARDS)
    frames.connect("d", "eve")
    frames.give("d", "payments", 0, CARDS[:1], 10)

    assert ask(frames).because == "Delivered 3 times clear; at least 2 different values in clear."


def test_a_field_that_is_no_path_is_refused() -> None:
    """Before anything is read."""
    with pytest.raises(FieldPathError):
        ask(given(CARDS), "card..number")
