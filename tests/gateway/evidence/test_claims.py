"""What is claimed depends on what was checked, and never goes beyond it."""

from __future__ import annotations

import pytest

from gateway.evidence.claims import not_shown, shown
from gateway.evidence.log_check import LogVerification
from gateway.evidence.timestamps import Timestamp
from gateway.evidence.verify import OriginVerification


def origin(**log: object) -> OriginVerification:
    """Return an origin with a log that shows this."""
    return OriginVerification(origin="gw", log=LogVerification(**log))  # type: ignore[arg-type] # any field


STAMP = Timestamp(size=1, sequence=7, before_ns=0)
SIGNED = {"log": "a", "covered_sequence": 7, "root_vkey": "root+x"}


@pytest.mark.parametrize(
    ("said", "unsaid", "log"),
    [
        (["hashes say"], ["no signature"], {}),
        (["hashes say", "up to event 7"], ["found in the archive", "no witness"], SIGNED),
        (
            ["hashes say", "up to event 7", "w1, w2 saw the same log"],
            [],
            SIGNED | {"is_root_given": True, "cosigned": {"w2": 1, "w1": 1}},
        ),
        (
            ["hashes say", "up to event 7"],
            ["no witness", "newest 1,200 events"],
            SIGNED | {"is_root_given": True, "uncovered_events": 1200},
        ),
        (
            ["hashes say", "up to event 7", "under the log of gw once:"],
            ["no witness"],
            SIGNED | {"is_root_given": True, "timestamps": [STAMP]},
        ),
        (
            ["hashes say", "up to event 7"],
            ["no witness", "of its 3 timestamps none was checked"],
            SIGNED | {"is_root_given": True, "unchecked_timestamps": 3},
        ),
    ],
)
def test_each_sentence_has_its_ground(
    said: list[str], unsaid: list[str], log: dict[str, object]
) -> None:
    """And two hold for every archive."""
    told, untold = shown([origin(**log)]), not_shown([origin(**log)])

    assert [True] * len(said) == [part in each for part, each in zip(said, told, strict=True)]
    assert [*unsaid, "newest part is there", "clock was right"] == [
        next(part for part in (*unsaid, "newest part is there", "clock was right") if part in each)
        for each in untold
    ]
