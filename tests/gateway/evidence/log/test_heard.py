"""The note of when a witness was heard: an age where one is known, and silence everywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.log import heard as module
from gateway.evidence.log.heard import NAME, note_heard, silence_seconds, system_boot_id

if TYPE_CHECKING:
    from pathlib import Path

SECOND_NS = 1_000_000_000


class Clocks:
    """Both clocks, as the test sets them."""

    def __init__(self) -> None:
        self.monotonic = self.wall = 1000

    def monotonic_ns(self) -> int:
        """Answer in place of the system."""
        return self.monotonic * SECOND_NS

    def time_ns(self) -> int:
        """Answer in place of the system."""
        return self.wall * SECOND_NS


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Clocks that stand still."""
    made = Clocks()
    monkeypatch.setattr(module, "time", made)
    return made


def test_silence_is_measured_by_the_clock_that_nobody_sets(tmp_path: Path, clocks: Clocks) -> None:
    """Within a boot of the machine the wall clock says nothing."""
    note_heard(tmp_path)
    clocks.monotonic += 7
    clocks.wall += 10_000

    assert 7.0 == silence_seconds(tmp_path)


def test_another_boot_is_bridged_by_the_wall_clock(
    tmp_path: Path, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The monotonic clock began anew."""
    note_heard(tmp_path)
    monkeypatch.setattr(module, "system_boot_id", lambda: "another")
    clocks.monotonic = 3
    clocks.wall += 60

    assert 60.0 == silence_seconds(tmp_path)


def test_a_note_from_the_future_is_no_knowledge(
    tmp_path: Path, clocks: Clocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock was set back: how long it has been is not known."""
    note_heard(tmp_path)
    monkeypatch.setattr(module, "system_boot_id", lambda: None)
    clocks.wall -= 1

    assert silence_seconds(tmp_path) is None


@pytest.mark.parametrize(
    "content",
    [None, b"", b"{}", b'{"wall_ns":1}', b"nonsense", b'{"system_boot_id":"\xff"}', b"[" * 99_999],
)
def test_a_note_that_cannot_be_read_is_no_knowledge(tmp_path: Path, content: bytes | None) -> None:
    """Nor is one that does not exist."""
    if content is not None:
        (tmp_path / NAME).write_bytes(content)

    assert silence_seconds(tmp_path) is None


def test_the_newest_note_counts(tmp_path: Path, clocks: Clocks) -> None:
    """It is replaced as a whole, and nothing else is left."""
    for _ in range(2):
        note_heard(tmp_path)
        clocks.monotonic += 5

    assert 5.0 == silence_seconds(tmp_path)
    assert [NAME] == [path.name for path in tmp_path.iterdir()]


def test_the_boot_of_the_machine_has_an_id() -> None:
    """The note of one boot can be told from that of another."""
    noted = msgspec.json.encode(system_boot_id())

    assert len(noted) == len(msgspec.json.encode("e7a1c0de-0000-4000-8000-000000000000"))
