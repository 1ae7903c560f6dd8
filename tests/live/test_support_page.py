"""docs/kafka-support.md says what the tests try and what the gateway does."""

from __future__ import annotations

from tests.kafka.features import FEATURES
from tests.kafka.matrix import CELLS, CLIENTS, UNTRIED
from tests.kafka.support_page import PAGE, render


def test_the_page_is_up_to_date() -> None:
    """A client, a feature or an API that changes is seen on the page."""
    assert render() == PAGE.read_text(encoding="utf-8"), (
        "run `python -m tests.kafka.support_page` and commit docs/kafka-support.md"
    )


def test_no_cell_is_left_out() -> None:
    """Every client is asked for every feature, or the table says why not."""
    tried = {(cell.client.name, cell.feature.name) for cell in CELLS}
    cells = {(client.name, feature.name) for client in CLIENTS for feature in FEATURES}

    assert cells == tried | set(UNTRIED)
    assert set() == tried & set(UNTRIED)
