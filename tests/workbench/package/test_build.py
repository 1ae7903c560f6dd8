"""Evidence packages: whole, in part, damaged; checked as their README says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import workbench.package.build as module
from gateway.evidence.errors import ArchiveError
from gateway.evidence.expiry import expire
from gateway.evidence.log.signing import create_key_file, load_signer
from gateway.evidence.log.trust import Trust
from gateway.evidence.verify import Verdict, verify
from tests.gateway.evidence.expired import archive_of, removal
from tests.gateway.evidence.golden import FIRST_GOLDEN, GOLDEN
from tests.gateway.evidence.log.signed import ROOT, WITNESS, Recorder
from tests.gateway.evidence.samples import rows, write_archive
from tests.workbench.package.packages import MADE_S, options
from workbench import open as open_archive
from workbench.package.build import build_package, find_verifier
from workbench.package.choosing import Wanted
from workbench.package.copying import copy_archive
from workbench.package.errors import PackageError
from workbench.package.sums import KEY_FILE

if TYPE_CHECKING:
    from workbench.package.choosing import Choice

PART = Wanted(origins=("gateway-1",), first_sequence=12)
PROGRAMS = Path(sys.executable).parent
ROOT_FOLDER = Path(module.__file__).parents[2]


def files(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder with what is in them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def commands(package: Path) -> list[str]:
    """Return the commands that the README tells, as they stand there."""
    text = (package / "README.txt").read_text()
    found = re.findall(r"^       (\S.+)$", text, re.MULTILINE)
    return [each for each in found if "recorder.pub" not in each]


def follow(package: Path) -> list[int]:
    """Run what the README tells, in the package; return the exit codes."""
    signify = shutil.which("signify-openbsd") or "signify"
    environment = {"PATH": f"{PROGRAMS}:/usr/bin:/bin", "PYTHONPATH": str(ROOT_FOLDER)}
    lines = [
        each.replace("signify ", f"{signify} ").replace("KEY.pub", KEY_FILE)
        for each in commands(package)
    ]
    return [
        subprocess.run(
            ["bash", "-c", each], cwd=package, env=environment, capture_output=True, check=False
        ).returncode
        for each in lines
    ]


def test_a_whole_package_is_checked_as_its_readme_says(tmp_path: Path) -> None:
    """Each program that it names finds everything good."""
    description = build_package(options(GOLDEN, tmp_path / "package"))

    assert ("whole", []) == (description.verdict, description.faults)
    assert [0, 0, 0, 0] == follow(tmp_path / "package")
    assert (
        GOLDEN.joinpath("archive.json").read_bytes() == files(tmp_path / "package")["archive.json"]
    )


def test_a_part_is_checked_as_its_readme_says(tmp_path: Path) -> None:
    """And no verifier calls it whole; its list is signed here."""
    create_key_file(tmp_path / "key")
    signer = load_signer(tmp_path / "key", "evidence-package")
    package = tmp_path / "package"
    description = build_package(options(GOLDEN, package, wanted=PART, signer=signer))

    assert ("selection", ("gateway-2",), 12) == (
        description.verdict,
        description.origins_left_out,
        description.origins[0].left_out_events,
    )
    assert Verdict.SELECTION == verify(package, trust=Trust(root=ROOT.public)).verdict
    assert 5 == len(commands(package))
    assert [0, 0, 0, 0, 3] == follow(package)
    assert 1 == description.origins[0].proofs
    assert "not_selected" in open_archive(package, is_temporary=True).gaps.collect()["kind"]


@pytest.mark.parametrize("file", ["gateway-1/log/checkpoint", "report/r.html", "verify.py"])
def test_the_list_of_hashes_names_every_file(tmp_path: Path, file: str) -> None:
    """Whatever is changed in a package is found with coreutils."""
    package, report = tmp_path / "package", tmp_path / "r.html"
    report.write_text("report")
    build_package(options(GOLDEN, package, report=report))
    listed = (package / "SHA256SUMS").read_text()

    assert {f"SHA256 ({name})" for name in files(package) if name != "SHA256SUMS"} == {
        line.partition(" = ")[0] for line in listed.splitlines()
    }
    (package / file).write_bytes((package / file).read_bytes() + b"x")
    assert 1 == follow(package)[0]


@pytest.mark.parametrize("wanted", [Wanted(), PART], ids=["whole", "part"])
def test_packaging_twice_gives_the_same_bytes(tmp_path: Path, wanted: Wanted) -> None:
    """Wherever to, and as one file too."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        tar = tmp_path / name / "package.tar"
        build_package(options(GOLDEN, tmp_path / name / "package", wanted=wanted, tar=tar))

    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_only_what_states_the_time_differs_at_another_time(tmp_path: Path) -> None:
    """And the list of their hashes."""
    build_package(options(GOLDEN, tmp_path / "a"))
    later = options(GOLDEN, tmp_path / "b")
    build_package(replace(later, made_s=MADE_S + 3600))

    one, other = files(tmp_path / "a"), files(tmp_path / "b")
    assert ["SHA256SUMS", "case.jsonld", "package.json"] == [
        name for name in one if one[name] != other[name]
    ]


def test_a_damaged_archive_is_packaged_only_when_that_is_allowed(tmp_path: Path) -> None:
    """Its damage then stands in the package, which is as damaged as the archive."""
    archive, package = tmp_path / "archive", tmp_path / "package"
    shutil.copytree(GOLDEN, archive)
    segment = archive / "gateway-2" / "segments" / f"{0:020d}.arrow.zst"
    segment.write_bytes(segment.read_bytes()[:-1])

    with pytest.raises(PackageError, match="2 faults: truncated: gateway-2/"):
        build_package(options(archive, package))
    assert not package.exists()

    description = build_package(options(archive, package, allows_damage=True))

    assert "damaged" == description.verdict
    assert len(verify(archive).faults) == len(description.faults)
    assert f"- {description.faults[0]}" in (package / "README.txt").read_text()
    assert description.faults[0] in (package / "case.jsonld").read_text()
    assert 0 == follow(package)[0]


def test_damage_in_what_is_left_out_counts(tmp_path: Path) -> None:
    """Whoever gets a part should know that the rest was sound when it was taken."""
    archive = tmp_path / "archive"
    shutil.copytree(GOLDEN, archive)
    (archive / "gateway-2" / "log" / "checkpoint").unlink()

    with pytest.raises(PackageError, match="checkpoint: gateway-2/log/checkpoint"):
        build_package(options(archive, tmp_path / "out", wanted=PART))


def test_a_package_without_the_trusted_root_key_is_not_made(tmp_path: Path) -> None:
    """An archive that somebody else signed is damage to whoever knows the right key."""
    with pytest.raises(PackageError, match="not the one that you trust"):
        build_package(options(GOLDEN, tmp_path / "out", trust=Trust(root=WITNESS.public)))


def test_what_changes_while_it_is_copied_makes_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is verified too, and nothing is left of it."""
    copy = copy_archive

    def lose(archive: Path, package: Path, choice: Choice) -> None:
        copy(archive, package, choice)
        (package / "gateway-1" / "log" / "root").unlink()

    monkeypatch.setattr(module, "copy_archive", lose)
    with pytest.raises(PackageError, match="after it was copied"):
        build_package(options(GOLDEN, tmp_path / "out"))

    assert [] == list(tmp_path.iterdir())


def test_an_archive_that_is_being_written_is_packaged_as_it_is(tmp_path: Path) -> None:
    """Its open segment goes in."""
    archive = write_archive(tmp_path / "archive", [rows(0, 2)], [rows(2, 2)], is_newest_open=True)

    description = build_package(options(archive, tmp_path / "out"))

    assert ("whole", 4) == (description.verdict, description.origins[0].events)


def test_archives_of_the_first_format_have_packages_too(tmp_path: Path) -> None:
    """Without a log there are no keys and no proofs."""
    description = build_package(options(FIRST_GOLDEN, tmp_path / "out", wanted=PART))

    assert ("selection", 0, []) == (
        description.verdict,
        description.origins[0].proofs,
        description.origins[0].keys,
    )
    assert not (tmp_path / "out" / "keys").exists()
    assert [0, 0, 3] == follow(tmp_path / "out")


def test_what_expired_stays_expired_in_a_package(tmp_path: Path) -> None:
    """Its tombstone goes along, and the README's commands still find everything good."""
    archive = archive_of(tmp_path, segments=2)
    assert 1 == len(list(expire(archive, removal(tmp_path))))

    description = build_package(options(archive, tmp_path / "out"))

    assert ("whole", 2) == (description.verdict, description.origins[0].left_out_events)
    assert [0, 0, 0, 0] == follow(tmp_path / "out")


def test_a_part_of_a_long_log_is_proved_block_by_block(tmp_path: Path) -> None:
    """More than one tile of it."""
    recorder = Recorder(tmp_path)
    recorder.record(*[3] * 60)
    wanted = Wanted(first_sequence=180, last_sequence=185)

    description = build_package(options(recorder.archive, tmp_path / "out", wanted=wanted))

    assert ("selection", 300, 1, 3) == (
        description.verdict,
        description.origins[0].log_size,
        description.origins[0].segments,
        description.origins[0].proofs,
    )


def test_nothing_is_put_where_something_is(tmp_path: Path) -> None:
    """Nor made of what is no archive."""
    (tmp_path / "x").touch()

    with pytest.raises(PackageError, match="holds something already"):
        build_package(options(GOLDEN, tmp_path))
    with pytest.raises(PackageError, match="holds something already"):
        build_package(options(GOLDEN, tmp_path / "x"))
    with pytest.raises(ArchiveError, match="is no archive"):
        build_package(options(tmp_path, tmp_path / "out"))

    assert ["x"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("place", ["package", "gateway-1/package"])
def test_nothing_is_put_into_the_archive(tmp_path: Path, place: str) -> None:
    """Nobody may write there but the recorder."""
    archive = tmp_path / "archive"
    shutil.copytree(GOLDEN, archive)
    with pytest.raises(PackageError, match="is in the archive"):
        build_package(options(archive, archive / place))

    assert files(GOLDEN) == files(archive)


@pytest.mark.parametrize("name", ["log", "segments", "sealer.lock"])
def test_no_report_is_taken_for_a_part_of_an_origin(tmp_path: Path, name: str) -> None:
    """The verifiers know the folder of an origin by what is in it."""
    (tmp_path / name).touch()
    with pytest.raises(PackageError, match="rename the report"):
        build_package(options(GOLDEN, tmp_path / "out", report=tmp_path / name))

    assert not (tmp_path / "out").exists()


def test_a_report_needs_a_name_that_programs_can_read(tmp_path: Path) -> None:
    """A list of hashes with brackets in its names could not be checked."""
    report = tmp_path / "my (first) report.html"
    report.write_text("x")

    with pytest.raises(PackageError, match="rename it"):
        build_package(options(GOLDEN, tmp_path / "out", report=report))
    with pytest.raises(PackageError, match="no package was made"):
        build_package(options(GOLDEN, tmp_path / "out", report=tmp_path / "none.html"))

    assert not (tmp_path / "out").exists()


def test_the_verifier_of_a_package_is_the_one_that_is_tested(tmp_path: Path) -> None:
    """Byte by byte."""
    build_package(options(GOLDEN, tmp_path / "out"))

    assert ROOT_FOLDER / "tools" / "verify.py" == find_verifier()
    assert find_verifier().read_bytes() == (tmp_path / "out" / "verify.py").read_bytes()
    assert 1 == json.loads((tmp_path / "out" / "package.json").read_text())["streamwitness_package"]
