"""How a command says that it could not do what was asked."""

from __future__ import annotations

import pytest
import typer

from gateway.evidence.errors import ArchiveError
from gateway.refusing import USAGE_EXIT_CODE, refusing


@pytest.mark.parametrize("error", [ArchiveError("no such thing"), OSError("no such thing")])
def test_what_is_in_the_way_is_one_line(
    capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    """On standard error, for a script reads the other; the exit code is that of wrong usage."""
    with pytest.raises(typer.Exit) as ended, refusing():
        raise error

    assert (2, USAGE_EXIT_CODE) == (ended.value.exit_code, 2)
    assert ("", "streamwitness: no such thing\n") == tuple(capsys.readouterr())


def test_a_defect_is_not_dressed_up() -> None:
    """What nobody foresaw keeps its traceback."""
    with pytest.raises(KeyError), refusing():
        raise KeyError
