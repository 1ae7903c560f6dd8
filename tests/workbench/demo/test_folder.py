"""The demo's folder is new or empty, and nothing in it is ever overwritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.demo.errors import UsageError
from workbench.demo.folder import open_folder

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    """A wanted folder is made with its parents, and everything lies below it."""
    folder = open_folder(tmp_path / "a" / "b")

    assert tmp_path / "a" / "b" == folder.root
    assert folder.log("gateway").parent.is_dir()
    assert {folder.root} == {
        path.parent
        for path in (
            folder.archive,
            folder.gateway_config,
            folder.ground_truth,
            folder.notebook,
            folder.report,
        )
    }


def test_an_empty_folder_is_used(tmp_path: Path) -> None:
    """Somebody may have made the folder already."""
    assert tmp_path == open_folder(tmp_path).root


def test_a_folder_with_content_is_left_alone(tmp_path: Path) -> None:
    """The demo deletes and overwrites nothing, and says which folder it will not touch."""
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(UsageError, match=r"not empty \(it has notes.txt\)"):
        open_folder(tmp_path)
    assert [tmp_path / "notes.txt"] == list(tmp_path.iterdir())


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """What cannot be a folder is named, with the way out."""
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="give --out another"):
        open_folder(tmp_path / "file")


def test_without_a_wish_the_first_unused_name_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second demo in the same place does not touch the first."""
    monkeypatch.chdir(tmp_path)

    assert ["streamwitness-demo", "streamwitness-demo-2", "streamwitness-demo-3"] == [
        open_folder(None).root.name for _ in range(3)
    ]
