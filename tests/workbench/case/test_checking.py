"""The first line that is not as it was written is the one that is named."""

from __future__ import annotations

import pytest

from workbench.case.checking import CustodyFlaw, check_lines

DIGESTS = ["start", "a", "b", "c", "d"]
GOOD = [(0, "start"), (1, "a"), (2, "b"), (3, "c")]


def test_a_whole_log_has_no_flaw() -> None:
    """Each line states its number and the hash of the line before it; so may no line at all."""
    assert check_lines(GOOD, DIGESTS) is None
    assert check_lines([], ["start"]) is None


@pytest.mark.parametrize(
    ("links", "line", "said"),
    [
        ([GOOD[0], GOOD[2], GOOD[3]], 2, "it is entry 2, not 1"),
        ([GOOD[1], GOOD[0]], 1, "it is entry 1, not 0"),
        ([GOOD[0], GOOD[1], GOOD[1]], 3, "it is entry 1, not 2"),
        ([GOOD[0], GOOD[1], (2, "x"), GOOD[3]], 2, "not the one that line 3 was written after"),
        ([GOOD[0], GOOD[1], (2, "x"), (3, "y")], 3, "not written after the line before"),
        ([GOOD[0], GOOD[1], GOOD[2], (3, "x")], 4, "not written after the line before"),
        ([(0, "x"), GOOD[1]], 1, "not written after the line before"),
    ],
)
def test_the_first_bad_line_is_named(links: list[tuple[int, str]], line: int, said: str) -> None:
    """What the line after a line says tells which of the two was changed."""
    flaw = check_lines(links, DIGESTS)

    assert isinstance(flaw, CustodyFlaw)
    assert line == flaw.line
    assert said in flaw.message
    assert str(flaw).startswith(f"line {line}: ")
