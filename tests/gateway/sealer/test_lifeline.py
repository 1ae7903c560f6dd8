"""What ends a process of the sealer's, and what does not."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from gateway.sealer.lifeline import Lifeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import FileIO


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileIO]:
    """The end of our standard input that a supervisor would hold; signals are put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as stdin, os.fdopen(write_end, "wb", buffering=0) as writing:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield writing
    for number, handler in before.items():
        signal.signal(number, handler)


def test_signals_and_words_end_nothing(held: FileIO) -> None:
    """They reach every process of a terminal or a service, and this one ends last."""
    held.write(b"nonsense")
    lifeline = Lifeline()
    signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGINT)

    assert [False, False] == [lifeline.is_over(wait_seconds=0) for _ in range(2)]


def test_the_end_of_the_input_ends_it(held: FileIO) -> None:
    """Once, and for good, without waiting."""
    lifeline = Lifeline()
    held.close()

    assert [True, True] == [lifeline.is_over(wait_seconds=5) for _ in range(2)]
