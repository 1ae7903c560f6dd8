"""Every question of the demo is answered as the ground truth demands, and only then."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest

from workbench.demo.asking import QUESTIONS, ask_all
from workbench.demo.cast import INTRUDER_CLIENT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workbench.demo.conftest import Demo
    from workbench.demo.truth import GroundTruth
    from workbench.tables import Tables


def test_the_archive_answers_as_the_clients_would(
    demo: Demo, tables: Tables, truth: GroundTruth
) -> None:
    """Readers, records, exports, refusals and bypassing writes, each exactly."""
    asked = list(ask_all(tables, truth, demo.topics))

    assert QUESTIONS == len(asked)
    assert [each.verdict.question for each in asked if not each.is_right] == []


def _hide_the_theft(truth: GroundTruth) -> None:
    stolen = [each for each in truth.received if each.client_id == INTRUDER_CLIENT_ID]
    for each in stolen[:-1]:
        truth.received.remove(each)


def _hide_the_bypass(truth: GroundTruth) -> None:
    truth.bypassing.clear()


def _hide_the_refusal(truth: GroundTruth) -> None:
    truth.requests.clear()


def _hide_a_reader(truth: GroundTruth) -> None:
    truth.received[:] = [each for each in truth.received if each.client_id != "ledger-1"]


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (_hide_the_theft, "bulk export"),
        (_hide_the_theft, "read card_number"),
        (_hide_the_theft, "read anything"),
        (_hide_the_bypass, "past the gateway"),
        (_hide_the_refusal, "refused"),
        (_hide_a_reader, "read the record"),
        (_hide_a_reader, "what fraud-scoring@gateway:clients wrote"),
    ],
)
def test_an_answer_that_differs_from_the_truth_is_wrong(
    demo: Demo,
    tables: Tables,
    truth: GroundTruth,
    change: Callable[[GroundTruth], None],
    wrong: str,
) -> None:
    """The demo would notice if the archive told another story than the clients."""
    changed = deepcopy(truth)
    change(changed)
    questions = [
        each.verdict.question for each in ask_all(tables, changed, demo.topics) if not each.is_right
    ]

    assert any(wrong in question for question in questions), questions
