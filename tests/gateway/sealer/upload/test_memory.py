"""What was put into the bucket, remembered outside of the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.sealer.upload.memory import NAME, Put, UploadMemory

if TYPE_CHECKING:
    from pathlib import Path


def _put(path: str, version: str = "1") -> Put:
    return Put(path=path, version=version, sha256="00", byte_count=1, until="2030-01-01T00:00:00Z")


def test_what_was_put_is_found_by_the_next_process(tmp_path: Path) -> None:
    """Of each file the newest version."""
    memory = UploadMemory(tmp_path)
    for put in (_put("a"), _put("b"), _put("a", "2")):
        memory.add(put)
    found = UploadMemory(tmp_path)

    assert [_put("a", "2"), _put("b"), None] == [found.find(path) for path in "abc"]
    assert 2 == len((tmp_path / NAME).read_bytes().splitlines())


def test_a_line_that_a_crash_cut_short_is_forgotten(tmp_path: Path) -> None:
    """That file is offered to the bucket again; what is added then stands on a line of its own."""
    UploadMemory(tmp_path).add(_put("a"))
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"path":"\xff"}\n{"path":"b"')
    UploadMemory(tmp_path).add(_put("c"))
    found = UploadMemory(tmp_path)

    assert [_put("a"), None, _put("c")] == [found.find(path) for path in "abc"]
