"""A list of files says which files have which hash, in one way only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.evidence.errors import ArchiveError, DamagedError
from gateway.evidence.sums import (
    decode_sums,
    encode_sums,
    file_sum,
    is_changing,
    listed_paths,
    refuse_final,
)

if TYPE_CHECKING:
    from pathlib import Path

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,9}", fullmatch=True)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
digests = st.binary(min_size=32, max_size=32).map(bytes.hex)
LINE = f"SHA256 (a) = {'0b' * 32}\n"


@given(st.dictionaries(paths, digests))
def test_what_is_written_is_read(sums: dict[str, str]) -> None:
    """Every list."""
    assert sums == decode_sums(encode_sums(sums))


@pytest.mark.parametrize(
    "text",
    [
        LINE.removesuffix("\n"),
        LINE + LINE,
        LINE.upper(),
        LINE.replace("(a)", "(/etc/passwd)"),
        LINE.replace("(a)", "(log/../../../secret)"),
        LINE.replace("(a)", "(../archive.json/..)"),
        LINE.replace("(a)", "(b c)"),
        LINE.replace("(a)", "(b)") + LINE,
        LINE.replace("SHA256", "MD5"),
        "\n" + LINE,
    ],
)
def test_what_is_not_written_so_is_refused(text: str) -> None:
    """Nor does a list lead out of the folder."""
    with pytest.raises(DamagedError, match="list of files"):
        decode_sums(text)


def test_what_belongs_into_a_list(tmp_path: Path) -> None:
    """What changes only when recording has ended; locks and what is being written never."""
    origin = tmp_path / "gateway-1"
    never = ["sealer.lock", "SHA256SUMS.sig", "log/checkpoint.unfinished"]
    changing = ["log/checkpoint", "log/tile/0/000.p/4", "segments/1.arrow.zst.partial"]
    fixed = ["log/root", "log/tile/0/x001/000", "segments/0.arrow.zst", "log/checkpoints/1"]
    for name in [*never, *changing, *fixed, "../archive.json"]:
        path = origin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    assert {"../archive.json", *fixed} == set(listed_paths(origin, is_final=False))
    assert {"../archive.json", *fixed, *changing} == set(listed_paths(origin, is_final=True))
    assert changing == list(filter(is_changing, [*fixed, *changing]))


def test_a_list_that_names_the_newest_checkpoint_is_final(tmp_path: Path) -> None:
    """Nothing may be added to that any more; before, and without a list, it may."""
    refuse_final(tmp_path)
    (tmp_path / "SHA256SUMS.sig").write_text(LINE)
    refuse_final(tmp_path)
    (tmp_path / "SHA256SUMS.sig").write_text(LINE.replace("(a)", "(log/checkpoint)"))

    with pytest.raises(ArchiveError, match="--out FILE"):
        refuse_final(tmp_path)


def test_the_sum_of_a_file(tmp_path: Path) -> None:
    """SHA-256, as FIPS 180 has it for three bytes."""
    (tmp_path / "abc").write_bytes(b"abc")

    assert file_sum(tmp_path / "abc").startswith("ba7816bf8f01cfea")
