"""Hypothesis strategies for records."""

from __future__ import annotations

from hypothesis import strategies as st

from gateway.wire.records.record import Record

OPTIONAL_BYTES = st.none() | st.binary(max_size=60)
HEADERS = st.lists(st.tuples(st.text(max_size=5), OPTIONAL_BYTES), max_size=3).map(tuple)
TIMESTAMPS = st.integers(0, 1 << 42)


@st.composite
def record_lists(
    draw: st.DrawFn, *, first: int | None = None, is_dense: bool = False
) -> list[Record]:
    """Make records in ascending order of offset, dense as producers send them or with gaps."""
    offset = draw(st.integers(0, 1 << 40)) if first is None else first
    records = []
    for _ in range(draw(st.integers(1, 8))):
        records.append(
            Record(
                offset,
                draw(TIMESTAMPS),
                draw(OPTIONAL_BYTES),
                draw(OPTIONAL_BYTES),
                draw(HEADERS),
            )
        )
        offset += 1 if is_dense else draw(st.integers(1, 1_000))
    return records
