"""Every client does through the gateway what it does without it, and all of it is recorded."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.kafka.evidence import disagreements, wait_until_sealed
from tests.kafka.matrix import CELLS

if TYPE_CHECKING:
    from tests.kafka.evidence import Evidence
    from tests.kafka.features import Place
    from tests.kafka.gateway import Gateway
    from tests.kafka.matrix import Cell
    from tests.kafka.records import Record


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_results_through_the_gateway_are_those_without_it(
    cell: Cell, direct: Place, through: Place, standing_gateway: Gateway
) -> None:
    """What a client sends and reads does not depend on the gateway, which records it exactly."""
    without = cell.feature.run(cell.client, direct)

    assert without == cell.feature.run(cell.client, through)
    evidence = wait_until_sealed(standing_gateway)
    assert evidence.faults() == []
    for topic, sent in through.sent.items():
        assert disagreements(sent, evidence.produced(topic)) == []
    for topic, received in through.received.items():
        assert unexplained(received, evidence, topic) == []


def unexplained(received: list[Record], evidence: Evidence, topic: str) -> list[Record]:
    """List the records that a client received and that are not recorded as read, or the reverse.

    A client may fetch a record again before it shows it, so once is as good as twice there.
    """
    visible = Counter(read.record for read in evidence.reads(topic) if read.is_visible)
    shown = Counter(received)
    too_rarely = [record for record, times in shown.items() if times > visible[record]]
    return too_rarely + [record for record in visible if record not in shown]
