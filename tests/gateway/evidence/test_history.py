"""Histories: which header may follow which."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.block import (
    NO_PREVIOUS,
    SEGMENT_FORMAT,
    BlockHeader,
    BlockKind,
    CloseReason,
    encode_header,
)
from gateway.evidence.history import History
from gateway.evidence.outline import SegmentOutline
from gateway.evidence.stored import StoredHeader

if TYPE_CHECKING:
    from collections.abc import Iterable

OPEN, BLOCK, CLOSE = BlockKind.OPEN, BlockKind.BLOCK, BlockKind.CLOSE


def stored(header: BlockHeader) -> StoredHeader:
    """Put a header where its kind belongs: only a first one stands at the start of a file."""
    return StoredHeader(
        header=header,
        encoded=encode_header(header),
        position=0 if header.kind is OPEN else 1000 + header.block,
    )


def segment(number: int, first: int, *counts: int, after: str = NO_PREVIOUS) -> list[BlockHeader]:
    """Make the headers of a segment with so many events in its blocks."""
    headers: list[BlockHeader] = []
    sequence = first
    for kind, events in [(OPEN, 0), *((BLOCK, events) for events in counts), (CLOSE, sum(counts))]:
        is_block = kind is BLOCK
        sequence += events if is_block else 0
        headers.append(
            BlockHeader(
                format=SEGMENT_FORMAT,
                segment_id=f"{number:032x}",
                kind=kind,
                origin="gateway-1",
                segment=number,
                block=number * (len(counts) + 2) + len(headers),
                first_sequence=first if kind is not BLOCK else sequence - events,
                last_sequence=sequence - 1,
                event_count=events,
                first_wall_ns=None if kind is OPEN else 5,
                last_wall_ns=None if kind is OPEN else 6,
                sealed_wall_ns=7,
                frame_bytes=10,
                content_bytes=20,
                frame_sha256="0" * 64,
                previous_sha256=stored(headers[-1]).digest if headers else after,
                boot_ids=(),
                bundle_digests=(),
                durability="written",
                reason=CloseReason.TIME,
                torn_bytes=0,
            )
        )
    return headers


FIRST = segment(0, 0, 3, 2)
SECOND = segment(1, 5, 1, 4, after=stored(FIRST[-1]).digest)
THIRD = segment(2, 10, 1, 1, after=stored(SECOND[-1]).digest)


def flaws(headers: Iterable[BlockHeader], history: History | None = None) -> list[str]:
    """Follow headers and return the kinds of what is wrong, each with the place of its header."""
    history = history or History()
    return [
        f"{flaw.kind.value} {position}"
        for position, header in enumerate(headers)
        for flaw in history.follow(stored(header))
    ]


def changed(header: BlockHeader, **changes: object) -> BlockHeader:
    """Return the header with other fields."""
    return msgspec.structs.replace(header, **changes)


def test_a_whole_history_has_no_flaw() -> None:
    """Segments in order, from the first header of the origin on."""
    history = History()

    assert [] == flaws(FIRST + SECOND + THIRD, history)
    assert stored(THIRD[-1]) == history.head


def test_a_history_may_be_taken_up_anywhere() -> None:
    """A segment by itself is whole."""
    assert [] == flaws(SECOND, History(is_complete=False))
    assert [] == flaws(FIRST, History(is_complete=False))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param(SECOND, ["missing_beginning 0"], id="without the first segment"),
        pytest.param(FIRST + THIRD, ["chain 4", "sequence_gap 4"], id="one in the middle missing"),
        pytest.param(
            FIRST + THIRD + SECOND,
            ["chain 4", "sequence_gap 4", "chain 8", "sequence_overlap 8"],
            id="two exchanged",
        ),
        pytest.param(FIRST + FIRST, ["chain 4", "sequence_overlap 4"], id="one twice"),
        pytest.param(
            FIRST[:1] + FIRST[2:], ["chain 1", "sequence_gap 1", "chain 2"], id="a block missing"
        ),
        pytest.param(
            [FIRST[0], FIRST[2], FIRST[1], FIRST[3]],
            ["chain 1", "sequence_gap 1", "chain 2", "sequence_overlap 2", "chain 3"],
            id="two blocks exchanged",
        ),
        pytest.param(
            [*FIRST[:2], FIRST[1], *FIRST[2:]],
            ["chain 2", "sequence_overlap 2", "chain 4"],
            id="a block twice",
        ),
        pytest.param(FIRST[:3] + SECOND, ["chain 3"], id="no last header"),
        pytest.param(FIRST + SECOND[1:], ["chain 4"], id="no first header"),
        pytest.param(FIRST[1:], ["missing_beginning 0"], id="no first header of all"),
        pytest.param(
            [*FIRST[:2], SECOND[2], FIRST[3]],
            ["chain 2", "sequence_gap 2", "chain 3"],
            id="another segment's block",
        ),
    ],
)
def test_what_does_not_follow_is_found(headers: list[BlockHeader], expected: list[str]) -> None:
    """Whatever is removed, doubled, exchanged or spliced in shows where it was done."""
    assert expected == flaws(headers)


@pytest.mark.parametrize(
    ("position", "changes"),
    [
        pytest.param(0, {"event_count": 1}, id="a first header that counts events"),
        pytest.param(0, {"last_sequence": 0}, id="a first header with an event"),
        pytest.param(0, {"first_wall_ns": 1}, id="a first header with a time"),
        pytest.param(0, {"previous_sha256": "1" * 64}, id="a beginning that follows something"),
        pytest.param(1, {"previous_sha256": NO_PREVIOUS}, id="a beginning in the middle"),
        pytest.param(1, {"previous_sha256": "1" * 64}, id="another hash"),
        pytest.param(1, {"block": 2}, id="another number"),
        pytest.param(1, {"segment": 1}, id="another segment's number"),
        pytest.param(1, {"segment_id": "f" * 32}, id="another segment"),
        pytest.param(3, {"event_count": 4}, id="a last header with another count"),
        pytest.param(3, {"first_sequence": 1}, id="a last header with another first event"),
        pytest.param(3, {"last_sequence": 5}, id="a last header with another last event"),
        pytest.param(3, {"first_wall_ns": 4}, id="a last header with an earlier time"),
        pytest.param(3, {"last_wall_ns": 7}, id="a last header with a later time"),
        pytest.param(3, {"torn_bytes": 1}, id="a last header with torn bytes"),
    ],
)
def test_a_header_that_contradicts_its_place_is_found(
    position: int, changes: dict[str, object]
) -> None:
    """A header with a right hash of its own must still say what its place demands."""
    headers = [*FIRST[:position], changed(FIRST[position], **changes)]

    assert f"chain {position}" in flaws(headers)


@pytest.mark.parametrize(("kind", "position"), [(OPEN, 50), (BLOCK, 0), (CLOSE, 0)])
def test_a_segment_starts_with_its_first_header(kind: BlockKind, position: int) -> None:
    """At the start of a file stands the header that opens it, and nowhere else."""
    history = History(is_complete=False)
    header = next(header for header in SECOND if header.kind is kind)
    found = list(history.follow(_at(stored(header), position)))

    assert ["chain"] == [flaw.kind.value for flaw in found]


def _at(header: StoredHeader, position: int) -> StoredHeader:
    return dataclasses.replace(header, position=position)


def test_a_gap_names_what_is_missing() -> None:
    """The numbers that are lost are named once, at the header behind them."""
    history = History()
    flaws(FIRST, history)
    _, gap = history.follow(stored(THIRD[0]))

    assert (5, 9) == (gap.first_sequence, gap.last_sequence)
    assert "sequence numbers 5 to 9 are missing" == gap.message


def test_a_missing_beginning_names_what_is_missing() -> None:
    """Where even the number is 0, only the header tells that something came before."""
    (numbered,) = History().follow(stored(SECOND[0]))
    again = changed(SECOND[0], first_sequence=0, last_sequence=-1)
    (unnumbered,) = History().follow(stored(again))

    assert (0, 4) == (numbered.first_sequence, numbered.last_sequence)
    assert "missing_beginning" == unnumbered.kind
    assert (None, None) == (unnumbered.first_sequence, unnumbered.last_sequence)


def test_behind_damage_only_the_numbers_are_compared() -> None:
    """What could not be read may have led to the next header, so no broken chain is claimed."""
    history = History()
    flaws(FIRST[:2], history)
    history.lose(None)

    assert ["sequence_gap 0"] == flaws(THIRD[:1], history)


def test_damage_that_names_its_numbers_leaves_no_gap() -> None:
    """Each lost run of numbers is named once."""
    history = History()
    flaws(FIRST[:2], history)
    history.lose(4)

    assert [] == flaws(FIRST[3:] + SECOND, history)


def test_damage_before_the_first_header_is_no_missing_beginning() -> None:
    """The beginning is there and cannot be read, which is what was said already."""
    history = History()
    history.lose(None)

    assert ["sequence_gap 0"] == flaws(SECOND, history)


def test_a_segment_that_is_skipped_has_its_place() -> None:
    """Its first header must follow, and what follows must follow its last."""
    history = History()
    flaws(FIRST, history)
    opening, closing = stored(SECOND[0]), stored(SECOND[-1])
    outline = SegmentOutline(path=Path("segment"), opening=opening, closing=closing)

    assert [] == list(history.skip(outline))
    assert closing == history.head
    assert [] == flaws(THIRD, history)
    assert ["chain", "sequence_overlap"] == [flaw.kind for flaw in history.skip(outline)]
