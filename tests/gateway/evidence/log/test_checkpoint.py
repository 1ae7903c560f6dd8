"""Checkpoints have one form, which other programs read as well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.errors import ProofError
from gateway.evidence.log.checkpoint import Checkpoint, decode_checkpoint

# The example of the specification.
TEXT = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_specified_example_is_read() -> None:
    """Name, size and root."""
    found = decode_checkpoint(TEXT)

    assert ("example.com/behind-the-sofa", 20852163) == (found.log, found.size)
    assert "0ac5186a91863e8e" == found.root[:8].hex()
    assert TEXT == found.text()


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_what_is_written_is_read(size: int, root: bytes) -> None:
    """Any size, any root."""
    checkpoint = Checkpoint("a", size, root)

    assert checkpoint == decode_checkpoint(checkpoint.text())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        TEXT[:-1],
        TEXT + "extension\n",
        TEXT.replace("20852163", "020852163"),
        TEXT.replace("20852163", "-1"),
        TEXT.replace("20852163", "٣"),
        TEXT.replace("20852163", str(2**63)),
        TEXT.replace("20852163", "9" * 5000),
        TEXT.replace("CsUY", "CsU"),
        TEXT.replace("CsUYapGG", ""),
        TEXT.replace("example.com", "example com"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """Numbers and roots have one spelling, and nothing stands behind them."""
    with pytest.raises(ProofError):
        decode_checkpoint(text)
