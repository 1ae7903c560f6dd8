"""Values are counted by field and method."""

from __future__ import annotations

from gateway.masking.counts import Counts
from gateway.masking.methods import Redact
from gateway.masking.paths import Leaf


def test_counts_add_up() -> None:
    """Those of several records become one row a field."""
    counts, more = Counts(), Counts()
    counts.add(Leaf("$.b", Redact()))
    more.add(Leaf("$.b", Redact()))
    more.add(Leaf("$.a", Redact()))
    counts.update(more)

    assert [("$.a", "redact", 1), ("$.b", "redact", 2)] == counts.items()
