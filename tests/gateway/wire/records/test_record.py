"""What a record's figures may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.records.record import to_int64

INT64_MIN = -(1 << 63)


@given(value=st.integers(-(1 << 64), 1 << 64))
def test_sums_overflow_as_in_java(value: int) -> None:
    """They stay within 64 bits, and the same in the lowest 64."""
    wrapped = to_int64(value)

    assert INT64_MIN <= wrapped < -INT64_MIN
    assert (wrapped - value) % (1 << 64) == 0
