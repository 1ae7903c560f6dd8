"""What a witness saw is on disk, and only one witness writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError, ProofError
from gateway.evidence.log.checkpoint import Checkpoint
from gateway.evidence.log.signing import sign_note
from gateway.witness.memory import Memory
from tests.gateway.evidence.log.signed import WITNESS

if TYPE_CHECKING:
    from pathlib import Path

NAME = "example.com/" + "a" * 200
SEEN = Checkpoint(NAME, 3, b"r" * 32)


def test_what_was_kept_is_there_after_a_restart(tmp_path: Path) -> None:
    """Of each log its own, whatever its name."""
    memory = Memory(tmp_path / "memory")
    assert memory.newest(NAME) is None
    memory.keep(NAME, sign_note(SEEN.text(), [WITNESS]))
    memory.close()
    found = Memory(tmp_path / "memory").newest(NAME)

    assert found is not None
    assert SEEN == found[1]


def test_two_witnesses_do_not_share_a_memory(tmp_path: Path) -> None:
    """Each would cosign what the other did not see."""
    memory = Memory(tmp_path)
    with pytest.raises(ArchiveError, match="is a witness with this memory"):
        Memory(tmp_path)
    memory.close()
    Memory(tmp_path).close()


def test_a_damaged_memory_is_an_error(tmp_path: Path) -> None:
    """Not the same as one that saw nothing."""
    memory = Memory(tmp_path)
    memory.keep(NAME, sign_note(SEEN.text(), [WITNESS]))
    (path,) = (path for path in tmp_path.iterdir() if path.name != "witness.lock")
    path.write_bytes(b"x")

    with pytest.raises(ProofError):
        memory.newest(NAME)
    memory.close()
