"""The document of a verification: complete, documented, and safe to print."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from gateway.evidence.claims import not_shown, shown
from gateway.evidence.damage import Damage, DamageKind
from gateway.evidence.document import (
    DamageDocument,
    HeadDocument,
    LogDocument,
    OriginDocument,
    TimestampDocument,
    VerificationDocument,
    document_of,
    printable,
    time_text,
)
from gateway.evidence.log.trust import Trust
from gateway.evidence.timestamps import Timestamp
from gateway.evidence.verify import (
    REMEDIES,
    OriginVerification,
    Verification,
    verify,
)
from tests.gateway.evidence.golden import GOLDEN, OTHER_ORIGIN
from tests.gateway.evidence.log.signed import ROOT, WITNESS
from tests.gateway.evidence.samples import ORIGIN

PAGE = Path(__file__).parents[3] / "docs" / "verifying.md"
DAMAGE = Damage(
    kind=DamageKind.FRAME,
    message="broken\x1b[2J",
    origin="\udcff",
    segment="a\nb",
    byte_offset=7,
    block=1,
    first_sequence=2,
    last_sequence=3,
)


def test_a_whole_archive_is_told_with_its_sums() -> None:
    """What the origins hold, and all of them together."""
    verification = verify(GOLDEN, trust=Trust(root=ROOT.public))
    found = verification.origins
    document = document_of(GOLDEN, verification)
    first, second = document.origins

    assert (2, str(GOLDEN), "whole", []) == (
        document.format,
        document.archive,
        document.verdict,
        document.damages,
    )
    assert (3, 4, 19) == (document.segments, document.blocks, document.events)
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*.zst")) == document.stored_bytes
    assert ("2026-09-21T14:13:20.000000000Z", "2026-09-21T14:13:20.016000000Z") == (
        document.first_time,
        document.last_time,
    )
    assert [(ORIGIN, 0, 16), (OTHER_ORIGIN, 0, 1)] == [
        (origin.origin, origin.first_sequence, origin.last_sequence) for origin in document.origins
    ]
    assert (
        HeadDocument(
            digest="ed595c43422b16e8dfce9bb38b43241e4a4474a52138592ddda63b0eb5b94b4c",
            segment=1,
            block=6,
        )
        == first.head
    )
    assert (document.first_time, False) == (second.first_time, second.is_open)
    assert (shown(found), not_shown(found)) == (document.shown, document.not_shown)
    assert (
        LogDocument(
            name="example.com/gateway-1",
            root_key=ROOT.public.vkey,
            is_root_key_given=True,
            size=7,
            root_hash=first.log.root_hash,
            covered_sequence=16,
            uncovered_events=0,
            keys=2,
            cosigned={},
            timestamps=[],
            unchecked_timestamps=0,
        )
        == first.log
    )


def test_cosignatures_are_told_with_their_times() -> None:
    """Of those witnesses that are trusted."""
    trust = Trust(root=ROOT.public, witnesses=(WITNESS.public,))
    first, second = document_of(GOLDEN, verify(GOLDEN, trust=trust)).origins

    assert {"witness.example/w1": "2026-09-21T14:14:20.000000000Z"} == first.log.cosigned
    assert {} == second.log.cosigned


def test_timestamps_are_told_with_what_they_cover() -> None:
    """A time that lies between two seconds is not rounded to the earlier one."""
    origin = OriginVerification(origin=ORIGIN)
    origin.log.timestamps = [
        Timestamp(size=3, sequence=None, before_ns=1_790_000_000_030_000_000),
        Timestamp(size=7, sequence=16, before_ns=1_790_000_001_000_000_000),
    ]
    (told,) = document_of(Path("archive"), Verification(origins=[origin])).origins

    assert [
        TimestampDocument(size=3, sequence=None, before="2026-09-21T14:13:20.030000000Z"),
        TimestampDocument(size=7, sequence=16, before="2026-09-21T14:13:21.000000000Z"),
    ] == told.log.timestamps


def test_an_empty_origin_has_no_times_and_no_head() -> None:
    """Nothing is made up for what is not there."""
    verification = Verification(origins=[OriginVerification(origin=ORIGIN)])
    document = document_of(Path("archive"), verification)

    assert (None, None, 0) == (document.first_time, document.last_time, document.events)
    assert [(None, None, None)] == [
        (origin.first_time, origin.first_sequence, origin.head) for origin in document.origins
    ]


def test_damage_is_told_with_its_place_and_remedy() -> None:
    """Names from an archive are foreign: they cannot steer a terminal or break the JSON."""
    document = document_of(Path("archive"), Verification(damages=[DAMAGE]))

    assert [
        DamageDocument(
            kind="frame",
            is_information=False,
            message="broken\\x1b[2J",
            remedy=REMEDIES[DamageKind.FRAME],
            origin="\\udcff",
            segment="a\\nb",
            byte_offset=7,
            block=1,
            first_sequence=2,
            last_sequence=3,
        )
    ] == document.damages
    assert "damaged" == document.verdict
    assert document == msgspec.json.decode(msgspec.json.encode(document), type=VerificationDocument)


@pytest.mark.parametrize(
    ("wall_ns", "expected"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (1_790_000_000_123_456_789, "2026-09-21T14:13:20.123456789Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
        (-(2**63), "1677-09-21T00:12:43.145224192Z"),
        (None, None),
    ],
)
def test_a_time_keeps_its_nanoseconds(wall_ns: int | None, expected: str | None) -> None:
    """As text, for numbers of this size are rounded by many readers of JSON."""
    assert expected == time_text(wall_ns)


def test_printable_text_stays() -> None:
    """Only what could do something on a terminal is escaped."""
    assert "Grüße, 世界 / ok" == printable("Grüße, 世界 / ok")
    assert "\\x1b\\x07\\u202e\\udc80" == printable("\x1b\x07\u202e\udc80")


@pytest.mark.parametrize(
    "part",
    [
        VerificationDocument,
        OriginDocument,
        HeadDocument,
        LogDocument,
        TimestampDocument,
        DamageDocument,
    ],
)
def test_every_field_is_explained(part: type[msgspec.Struct]) -> None:
    """docs/verifying.md has a row for each."""
    page = PAGE.read_text(encoding="utf-8")

    assert [] == [name for name in part.__struct_fields__ if f"| `{name}` |" not in page]
