"""A rehearsal tells which cases fail and which rules nothing holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.config.bundle_load import load_bundle
from gateway.rehearsal.outcome import rehearse
from tests.gateway.config.bundles import NO_CARDS, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

DENIED = "{name: denied, request: {api: FETCH, topics: [cards]}, expect: deny}"
ALLOWED = "{name: allowed, request: {api: FETCH, topics: [orders]}, expect: allow}"
WRONG = "{name: wrong, request: {api: FETCH, topics: [cards]}, expect: allow}"


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        (
            [DENIED, ALLOWED],
            ["2 cases, 0 failed; 1 of 1 rules have a case; 0 changes not noticed"],
        ),
        (
            [DENIED],
            [
                "not noticed: rule no-cards, without topics: add a case that tells",
                "1 cases, 0 failed; 1 of 1 rules have a case; 1 changes not noticed",
            ],
        ),
        (
            [ALLOWED],
            [
                "no case: rule no-cards is behind no decision: add a case that it decides",
                "1 cases, 0 failed; 0 of 1 rules have a case; 0 changes not noticed",
            ],
        ),
        (
            [WRONG],
            [
                "failed: wrong: deny by no-cards, not allow",
                "1 cases, 1 failed; 1 of 1 rules have a case; 0 changes not noticed",
            ],
        ),
    ],
)
def test_a_rehearsal_says_what_is_missing(
    tmp_path: Path, cases: list[str], expected: list[str]
) -> None:
    """It is complete when nothing is."""
    text = f"cases: [{', '.join(cases)}]"
    outcome = rehearse(load_bundle(write_bundle(tmp_path, a=NO_CARDS, tests__c=text)))

    assert expected == list(outcome.lines())
    assert outcome.is_complete is (len(expected) == 1)
