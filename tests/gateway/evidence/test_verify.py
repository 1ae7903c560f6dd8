"""Verification: whatever is done to an archive is found, and nothing done to it raises."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from gateway.evidence.archive import MARKER, create_archive, segments_directory
from gateway.evidence.block import encode_header
from gateway.evidence.claims import not_shown, shown
from gateway.evidence.damage import DamageKind
from gateway.evidence.errors import ArchiveError
from gateway.evidence.outline import SegmentOutline, read_outline
from gateway.evidence.seekable import SeekEntry, encode_seek_table, entry_of, skippable_entry
from gateway.evidence.stored import SegmentFile, StoredBlock
from gateway.evidence.verify import REMEDIES, Verdict, verify
from tests.gateway.evidence.golden import GOLDEN, OTHER_ORIGIN
from tests.gateway.evidence.samples import (
    ORIGIN,
    START_NS,
    rows,
    segments_of,
    small_archive,
    write_archive,
)

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]

# What the base install does not bring, and what only some systems have.
BLOCKED = (
    *("aiokafka", "altair", "cramjam", "fcntl", "lz4", "numpy", "pandas", "polars", "pydantic"),
    *("structlog", "uvloop", "workbench", "yaml"),
)
WITHOUT_EXTRAS = f"""
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(f"{{name}} is blocked", name=name)
sys.meta_path.insert(0, Blocker())
from pathlib import Path
from gateway.evidence.verify import verify
print(verify(Path(sys.argv[1])).verdict)
"""


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Write three segments: events 0 to 4, 5 to 7, and 8 to 10."""
    return small_archive(tmp_path / "archive")


def faults(archive: Path) -> list[str]:
    """Return the kinds of what verification finds wrong."""
    return [damage.kind.value for damage in verify(archive).faults]


def outline_of(path: Path) -> SegmentOutline:
    """Return the outline that must be there."""
    outline = read_outline(path)
    assert outline is not None
    return outline


def stored(path: Path) -> list[StoredBlock]:
    """Return the blocks of a sound segment."""
    with path.open("rb") as file:
        segment = SegmentFile(file)
        return [segment.block(start) for start in segment.seek_table().boundaries[:-1:2]]


def rewrite(path: Path, *blocks: tuple[Path, int]) -> None:
    """Write a segment of these blocks of these files, with the seek table that they call for."""
    content = b""
    entries: list[SeekEntry] = []
    for source, number in blocks:
        block = stored(source)[number]
        content += source.read_bytes()[block.position : block.end_position]
        entries += (
            skippable_entry(block.header_bytes),
            entry_of(block.frame, block.header.content_bytes),
        )
    path.write_bytes(content + encode_seek_table(entries))


def restate(path: Path, number: int, **changes: object) -> None:
    """Let a header say something else, with a right hash of its own and a right seek table."""
    content = b""
    entries: list[SeekEntry] = []
    for position, block in enumerate(stored(path)):
        changed = msgspec.structs.replace(block.header, **changes)
        header = encode_header(changed if position == number else block.header).frame
        content += header + block.frame
        entries += (
            skippable_entry(len(header)),
            entry_of(block.frame, block.header.content_bytes),
        )
    path.write_bytes(content + encode_seek_table(entries))


def test_a_whole_archive_is_whole(archive: Path) -> None:
    """What is there is counted, and where the chain stands is told."""
    verification = verify(archive)
    (found,) = verification.origins
    paths = segments_of(archive)

    assert (Verdict.WHOLE, [], ["unsigned"]) == (
        verification.verdict,
        verification.faults,
        [damage.kind.value for damage in verification.notices],
    )
    assert (ORIGIN, 3, 6, 11) == (found.origin, found.segments, found.blocks, found.events)
    assert (0, 10) == (found.first_sequence, found.last_sequence)
    assert (START_NS, START_NS + 10) == (found.first_wall_ns, found.last_wall_ns)
    assert sum(path.stat().st_size for path in paths) == found.stored_bytes
    assert found.head is not None
    assert outline_of(paths[-1]).digest == found.head.digest
    assert not found.is_open


def test_the_golden_archive_is_whole() -> None:
    """Origins are counted by themselves."""
    verification = verify(GOLDEN)

    assert Verdict.WHOLE == verification.verdict
    assert [(ORIGIN, 17), (OTHER_ORIGIN, 2)] == [
        (found.origin, found.events) for found in verification.origins
    ]


def test_an_archive_that_is_being_written_is_whole(tmp_path: Path) -> None:
    """That its newest segment is open is told, and is no fault."""
    write_archive(tmp_path, [rows(0, 2)], [rows(2, 1)], is_newest_open=True)
    verification = verify(tmp_path)

    assert Verdict.WHOLE == verification.verdict
    assert [DamageKind.OPEN_TAIL, DamageKind.UNSIGNED] == [
        damage.kind for damage in verification.notices
    ]
    assert [(True, 3)] == [(found.is_open, found.events) for found in verification.origins]
    assert verification.origins[0].head is not None
    assert "block" == verification.origins[0].head.header.kind


def test_an_archive_without_events_is_whole(tmp_path: Path) -> None:
    """There is nothing in it that could be wrong, and no chain head."""
    create_archive(tmp_path, ORIGIN)
    verification = verify(tmp_path)

    assert Verdict.WHOLE == verification.verdict
    assert [None] == [found.head for found in verification.origins]


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    """It is neither whole nor damaged."""
    with pytest.raises(ArchiveError):
        verify(tmp_path)


def test_progress_ends_where_everything_is_read(archive: Path) -> None:
    """It starts at nothing and never goes back."""
    steps: list[tuple[int, int]] = []
    verify(archive, lambda done, total: steps.append((done, total)))
    total = sum(path.stat().st_size for path in segments_of(archive))

    assert ((0, total), (total, total)) == (steps[0], steps[-1])
    assert sorted(steps) == steps
    assert 8 == len(steps)


def test_every_changed_byte_is_found(tmp_path: Path) -> None:
    """One at a time, in every file of an archive; and none of them raises."""
    archive = write_archive(tmp_path, [rows(0, 2, payload=b"payload")])
    unnoticed = []
    for path in (archive / MARKER, *segments_of(archive)):
        content = path.read_bytes()
        with path.open("r+b", buffering=0) as file:
            for position, byte in enumerate(content):
                file.seek(position)
                file.write(bytes([byte ^ (1 << position % 8)]))
                if Verdict.WHOLE is verify(archive).verdict:
                    unnoticed.append((path.name, position))
                file.seek(position)
                file.write(bytes([byte]))

    assert [] == unnoticed
    assert Verdict.WHOLE == verify(archive).verdict


def test_every_cut_is_found(tmp_path: Path) -> None:
    """A sealed segment that ends anywhere else is not whole."""
    archive = write_archive(tmp_path, [rows(0, 2, payload=b"payload")])
    (path,) = segments_of(archive)
    for size in reversed(range(path.stat().st_size)):
        os.truncate(path, size)
        assert ["truncated"] == faults(archive)


def _delete(number: int) -> Callable[[list[Path]], object]:
    return lambda paths: paths[number].unlink()


def _swap_names(paths: list[Path]) -> None:
    first, second = paths[0], paths[1]
    aside = first.rename(first.with_name("aside"))
    second.rename(first)
    aside.rename(second)


def _swap_contents(paths: list[Path]) -> None:
    first, second = paths[0].read_bytes(), paths[1].read_bytes()
    paths[0].write_bytes(second)
    paths[1].write_bytes(first)


def _duplicate(paths: list[Path]) -> None:
    shutil.copy(paths[1], paths[1].with_name(f"{99:020d}.arrow.zst"))


def _splice(paths: list[Path]) -> None:
    other = write_archive(
        paths[0].parents[3] / "other", [rows(0, 5)], [rows(5, 3)], origin=ORIGIN, first_id=50
    )
    shutil.copy(segments_of(other)[1], paths[1])


def _of_another_origin(paths: list[Path]) -> None:
    shutil.copytree(paths[0].parents[1], paths[0].parents[2] / "another")


def _append(paths: list[Path]) -> None:
    with paths[1].open("ab") as file:
        file.write(b"\0")


def _unseal(paths: list[Path]) -> None:
    paths[1].rename(paths[1].with_name(paths[1].name + ".partial"))


def _empty_file(paths: list[Path]) -> None:
    paths[1].with_name(f"{99:020d}.arrow.zst").touch()


def _seek_table_alone(paths: list[Path]) -> None:
    paths[1].with_name(f"{99:020d}.arrow.zst").write_bytes(encode_seek_table([]))


def _folder_for_file(paths: list[Path]) -> None:
    paths[1].unlink()
    paths[1].mkdir()


def _joined(paths: list[Path]) -> None:
    first, second = paths[0], paths[1]
    rewrite(first, *[(first, n) for n in range(4)], *[(second, n) for n in range(4)])
    second.unlink()


@pytest.mark.parametrize(
    ("tamper", "expected"),
    [
        pytest.param(_delete(0), {"missing_beginning"}, id="the first deleted"),
        pytest.param(_delete(1), {"chain", "sequence_gap"}, id="one in the middle deleted"),
        pytest.param(_swap_names, {"name", "chain"}, id="two names exchanged"),
        pytest.param(_swap_contents, {"name", "chain"}, id="two contents exchanged"),
        pytest.param(_duplicate, {"name", "chain", "sequence_overlap"}, id="one twice"),
        pytest.param(_splice, {"chain"}, id="one of another history"),
        pytest.param(_of_another_origin, {"name"}, id="an origin copied as another"),
        pytest.param(_append, {"trailing_bytes"}, id="a byte appended"),
        pytest.param(_unseal, {"truncated"}, id="one called unsealed"),
        pytest.param(_empty_file, {"truncated"}, id="an empty file added"),
        pytest.param(_seek_table_alone, {"truncated"}, id="a seek table added"),
        pytest.param(_folder_for_file, {"unreadable", "sequence_gap"}, id="a folder for a file"),
        pytest.param(_joined, {"chain", "name"}, id="two joined"),
    ],
)
def test_segments_that_were_tampered_with_are_found(
    archive: Path, tamper: Callable[[list[Path]], object], expected: set[str]
) -> None:
    """Whatever is done to whole files, in the middle of a history, shows."""
    tamper(segments_of(archive))

    assert expected <= set(faults(archive))


@pytest.mark.parametrize("segment", [0, 1, 2])
@pytest.mark.parametrize(
    "kept",
    [
        pytest.param([], id="nothing"),
        pytest.param([0], id="only the first header"),
        pytest.param([0, 1, 2], id="without the last header"),
        pytest.param([0, 1, 3], id="without the last block"),
        pytest.param([0, 2, 3], id="without the first block"),
        pytest.param([0, 3], id="without blocks"),
        pytest.param([1, 2, 3], id="without the first header"),
        pytest.param([0, 2, 1, 3], id="blocks exchanged"),
        pytest.param([0, 1, 1, 2, 3], id="a block twice"),
        pytest.param([0, 1, 2, 3, 2], id="a block behind the last header"),
        pytest.param([0, 1, 2, 3, 3], id="the last header twice"),
        pytest.param([0, 0, 1, 2, 3], id="the first header twice"),
        pytest.param([3, 0, 1, 2], id="the last header first"),
    ],
)
def test_blocks_that_were_tampered_with_are_found(
    archive: Path, segment: int, kept: list[int]
) -> None:
    """Removed, doubled or moved with a fresh seek table, in any segment, also the newest."""
    path = segments_of(archive)[segment]
    rewrite(path, *((path, number) for number in kept))

    assert faults(archive)


def test_a_block_of_another_segment_is_found(archive: Path) -> None:
    """Neither its hash nor its segment fits."""
    first, second, _ = segments_of(archive)
    rewrite(second, (second, 0), (first, 1), (second, 2), (second, 3))

    assert {"chain", "sequence_overlap"} <= set(faults(archive))


@pytest.mark.parametrize("segment", [0, 1])
@pytest.mark.parametrize("header", [0, 1, 2, 3])
def test_a_header_with_a_fresh_hash_is_found(archive: Path, segment: int, header: int) -> None:
    """The header behind it still carries the hash of what it said."""
    restate(segments_of(archive)[segment], header, durability="strict")

    assert ["chain"] == faults(archive)


def test_what_an_unsigned_chain_cannot_show_is_not_claimed(archive: Path) -> None:
    """The newest segment can go, and the newest header can lie: the text says so."""
    newest = segments_of(archive)[-1]
    restate(newest, 3, durability="strict")
    assert [] == faults(archive)
    newest.unlink()
    assert [] == faults(archive)

    origins = verify(archive).origins
    assert "carries no signature" in not_shown(origins)[0]
    assert "the newest part is there" in not_shown(origins)[1]
    assert ["hashes say" in sentence for sentence in shown(origins)] == [True]


def test_every_kind_of_damage_has_its_remedy() -> None:
    """Nobody is told that something is wrong without what to do about it."""
    assert set(DamageKind) == set(REMEDIES)


def test_damage_everywhere_is_survived(archive: Path) -> None:
    """With a part of every file overwritten, what is left is counted."""
    for path in segments_of(archive):
        content = bytearray(path.read_bytes())
        content[::97] = bytes(len(content[::97]))
        path.write_bytes(content)
    (archive / MARKER).write_bytes(b"")
    verification = verify(archive)

    assert Verdict.DAMAGED == verification.verdict
    assert 3 == verification.origins[0].segments
    assert {"marker", "header"} <= {damage.kind for damage in verification.faults}


def test_an_origin_that_cannot_be_listed_is_damage(archive: Path) -> None:
    """The other origins are verified all the same."""
    write_archive(archive, [rows(0, 1)], origin="other")
    shutil.rmtree(segments_directory(archive, ORIGIN))
    verification = verify(archive)

    assert ["unreadable"] == [damage.kind for damage in verification.faults]
    assert [0, 1] == [found.events for found in verification.origins]


def test_the_base_install_suffices() -> None:
    """Verification imports nothing of the extras, nor what only some systems have."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS, GOLDEN],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ("whole\n", "", 0) == (done.stdout, done.stderr, done.returncode)
