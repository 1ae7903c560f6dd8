"""Hypothesis strategies for events: whatever fits the columns of a segment."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa
from hypothesis import strategies as st

from gateway.evidence.event import EVENT_SCHEMA, Event, EventKind, Extent, Masked

INT16, INT32, INT64 = (st.integers(-(2**bits), 2**bits - 1) | st.none() for bits in (15, 31, 63))
TEXT = st.text(max_size=5) | st.none()
TEXTS = st.lists(st.text(max_size=5), max_size=3).map(tuple)
BATCHES = st.lists(st.binary(max_size=3), max_size=4)


def values_of(field: pa.Field) -> st.SearchStrategy[Any]:
    """Make values that fit a nullable column of a plain type."""
    by_type = {pa.int16(): INT16, pa.int32(): INT32, pa.int64(): INT64, pa.string(): TEXT}
    return by_type[field.type]


PLAIN = [
    field
    for field in EVENT_SCHEMA
    if field.nullable and not pa.types.is_nested(field.type) and field.name != "bundle_digest"
]


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Make events with anything that fits their columns; few payloads, so that some repeat."""
    batches = draw(BATCHES)
    made = Event(
        kind=draw(st.sampled_from(EventKind)),
        wall_ns=draw(st.integers(-(2**63), 2**63 - 1)),
        monotonic_ns=draw(st.integers(-(2**63), 2**63 - 1)),
        groups=draw(TEXTS),
        rule_ids=draw(TEXTS),
        bundle_digest=draw(st.binary(min_size=32, max_size=32) | st.none()),
        masked=draw(
            st.lists(
                st.builds(Masked, st.text(), st.text(), st.integers(0, 2**63 - 1)), max_size=2
            ).map(tuple)
        ),
        extents=tuple(Extent(draw(INT64), draw(INT64), 1, len(batch)) for batch in batches),
        payload=memoryview(b"".join(batches)) if batches else None,
    )
    return msgspec.structs.replace(made, **{f.name: draw(values_of(f)) for f in PLAIN})
