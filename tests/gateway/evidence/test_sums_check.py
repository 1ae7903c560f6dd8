"""Every file that the signed list names must be as it says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.evidence.damage import DamageKind
from gateway.evidence.sums import LIST
from gateway.evidence.sums_check import check_sums
from gateway.evidence.verify import verify
from tests.gateway.evidence.log.signed import RECORDER, ROOT, Recorder
from tests.gateway.evidence.samples import ORIGIN, segments_of

if TYPE_CHECKING:
    from pathlib import Path

FILES = ["../archive.json", "log/checkpoint", "log/root", "log/tile/0/000.p/6", "recorder.pub"]


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    """Record two segments."""
    made = Recorder(tmp_path)
    made.record(1, 1)
    return made


def found(recorder: Recorder) -> list[tuple[str, str, str]]:
    """Return the kinds and places of what the list shows."""
    damages = check_sums(recorder.archive, ORIGIN, [RECORDER.public])
    return [(each.kind.value, each.origin, each.segment) for each in damages]


def test_a_whole_origin_fits_its_list(recorder: Recorder) -> None:
    """Nothing is said."""
    assert [] == found(recorder)


@pytest.mark.parametrize("path", FILES)
@pytest.mark.parametrize("is_gone", [True, False])
def test_a_file_that_is_not_as_listed_is_named(
    recorder: Recorder, path: str, *, is_gone: bool
) -> None:
    """Changed or gone; what belongs to all origins as the archive's."""
    file = recorder.archive / ORIGIN / path
    file.rename(recorder.folder / "kept") if is_gone else file.write_bytes(b"x")
    place = ("", "") if path.startswith("../") else (ORIGIN, path)

    assert [("listed", *place)] == found(recorder)


def test_a_segment_is_named_as_other_damage_names_it(recorder: Recorder) -> None:
    """By its file alone."""
    segment = segments_of(recorder.archive)[0]
    segment.unlink()

    assert [("listed", ORIGIN, segment.name)] == found(recorder)


def test_a_list_that_somebody_else_signed_is_named(recorder: Recorder) -> None:
    """Then it says nothing of any file."""
    damages = list(check_sums(recorder.archive, ORIGIN, [ROOT.public]))

    assert [(DamageKind.LISTED, LIST)] == [(each.kind, each.segment) for each in damages]
    assert "none of the keys" in damages[0].message


def test_without_a_list_nothing_is_wrong(recorder: Recorder) -> None:
    """Archives of earlier versions have none; it is said, and only where there is a log."""
    (recorder.archive / ORIGIN / LIST).unlink()
    verification = verify(recorder.archive, trust=recorder.trust(is_witnessed=False))

    assert ([], ["unlisted"]) == (
        verification.faults,
        [each.kind.value for each in verification.notices],
    )
    assert [] == list(check_sums(recorder.archive, ORIGIN, []))
