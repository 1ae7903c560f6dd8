"""Every client does through the gateway what it does without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kafka.matrix import CELLS

if TYPE_CHECKING:
    from tests.kafka.features import Place
    from tests.kafka.matrix import Cell


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_results_through_the_gateway_are_those_without_it(
    cell: Cell, direct: Place, through: Place
) -> None:
    """What a client sends, reads and is told does not depend on the gateway."""
    without = cell.feature.run(cell.client, direct)

    assert without == cell.feature.run(cell.client, through)
