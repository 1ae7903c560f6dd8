"""What a case says it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.errors import ArchiveError
from tests.gateway.evidence.golden import FIRST_GOLDEN, GOLDEN
from tests.gateway.evidence.log.signed import ROOT
from workbench.case.errors import CaseError
from workbench.case.settings import SETTINGS, hash_of, read_settings, settings_of, shown, write_new

if TYPE_CHECKING:
    from pathlib import Path


def test_a_case_names_its_archives_and_the_key_that_was_given(tmp_path: Path) -> None:
    """Each archive by the name of its folder; the key as text."""
    vkey = ROOT.public.vkey
    settings = settings_of(tmp_path, name="n", archives=[GOLDEN, FIRST_GOLDEN], root_key=vkey)

    assert {"archive-v2": str(GOLDEN), "archive-v1": str(FIRST_GOLDEN)} == settings.archives
    assert vkey == settings.root_key


def test_an_archive_within_the_case_is_named_from_there(tmp_path: Path) -> None:
    """The case can be moved as a whole."""
    assert "archive" == shown(tmp_path / "case" / "archive", tmp_path / "case")
    assert str(tmp_path.resolve() / "archive") == shown(tmp_path / "archive", tmp_path / "case")


def test_what_cannot_be_a_case_is_refused(tmp_path: Path) -> None:
    """Each refusal says what is wrong."""
    with pytest.raises(CaseError, match="at least one archive"):
        settings_of(tmp_path, name="n", archives=[], root_key=None)
    with pytest.raises(ArchiveError, match="is no archive"):
        settings_of(tmp_path, name="n", archives=[tmp_path], root_key=None)
    with pytest.raises(CaseError, match="two archives have one name"):
        settings_of(tmp_path, name="n", archives=[GOLDEN, GOLDEN], root_key=None)
    with pytest.raises(CaseError, match="root key cannot be used"):
        settings_of(tmp_path, name="n", archives=[GOLDEN], root_key="x")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "make one with"),
        (b"{}", "is no case"),
        (b"[" * 200_000, "is no case"),
        (b'{"streamwitness_case":9,"name":"n","archives":{}}', "format 9"),
    ],
)
def test_what_is_no_case_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    """A folder, another file, countless brackets, a later format."""
    if content is not None:
        (tmp_path / SETTINGS).write_bytes(content)

    with pytest.raises(CaseError, match=said):
        read_settings(tmp_path)


def test_files_are_new_and_can_be_hashed(tmp_path: Path) -> None:
    """What stands there already is left alone."""
    write_new(tmp_path / "f", b"abc")

    assert "ba7816bf" == hash_of(tmp_path / "f")[:8]
    with pytest.raises(CaseError, match="cannot be written"):
        write_new(tmp_path / "f", b"other")
    with pytest.raises(CaseError, match="cannot be read"):
        hash_of(tmp_path / "gone")
