"""A report is the same whenever and wherever it is built, and needs nothing else."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.evidence.errors import ArchiveError
from tests.workbench.archive.encrypted import Encrypted, everything
from tests.workbench.report.notebooks import code, with_parameters_cell, write_notebook
from workbench import sample
from workbench.report.build import ReportOptions, build_report
from workbench.report.errors import ReportError

STREAMWITNESS = str(Path(sys.executable).parent / "streamwitness")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """A report of the sample and its executed notebook."""

    html: bytes
    notebook: bytes


def read(folder: Path) -> Built:
    """Read what was built."""
    return Built(
        html=(folder / "report.html").read_bytes(), notebook=(folder / "run.ipynb").read_bytes()
    )


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the report in this process."""
    folder = tmp_path_factory.mktemp("here")
    build_report(
        ReportOptions(
            archive=sample.path(), out=folder / "report.html", executed=folder / "run.ipynb"
        )
    )
    return read(folder)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build it by the command, from a copy under another name, in another zone, without a cache."""
    folder = tmp_path_factory.mktemp("else where") / "deep"
    copy = shutil.copytree(sample.path(), folder / "evidence of today")
    environment = os.environ | {"TZ": "Asia/Tokyo", "XDG_CACHE_HOME": str(folder / "cache")}
    command = [
        STREAMWITNESS,
        "report",
        copy.name,
        "--out",
        "report.html",
        "--executed",
        "run.ipynb",
    ]
    subprocess.run(command, cwd=folder, env=environment, check=True)
    return read(folder)


def test_two_builds_have_the_same_bytes(here: Built, elsewhere: Built) -> None:
    """Other process, other zone, other path, other name of the archive, other hash seed."""
    assert here.html == elsewhere.html
    assert here.notebook == elsewhere.notebook


def test_the_report_tells_the_truth(here: Built) -> None:
    """The notebook runs to its findings, and they are right."""
    truth = sample.truth()
    text = re.sub(r"<[^>]+>", " ", here.html.decode())

    assert f"{len(truth.clear_values)} different values in clear" in text
    assert f"{truth.injected_reader} received 1 record of orders" in text
    assert "1 request (DELETE_TOPICS) and 3 logins (admin, billing, kafka)." in text
    assert "first orders-1 at offset 204" in text
    assert "8 yes, 0 no, 0 unknown" in text


def test_the_report_shows_no_card(here: Built) -> None:
    """A report about a leak must not be the next one."""
    text = here.html.decode() + here.notebook.decode()

    assert not any(value.strip('"') in text for value in sample.truth().clear_values)


def test_the_report_needs_nothing_and_says_nothing_of_its_maker(here: Built) -> None:
    """No script, no address to load from, no path, no time of its own."""
    html = here.html.decode()
    addresses = set(re.findall(r"https?://[^\"'<\s]+", html))

    assert 1 == html.count("<script")
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"/(tmp|home|root|work|usr|Users|private)/", html)
    assert not re.search(r"/(tmp|home|root|work|usr|Users|private)/", here.notebook.decode())


def test_charts_are_pictures(here: Built) -> None:
    """Of whatever Altair draws."""
    html = here.html.decode()

    assert "<figure><svg" in html
    assert "Timeline" in html


def test_the_executed_notebook_is_left_when_asked(here: Built) -> None:
    """With its outputs and the parameters that it was told."""
    notebook = json.loads(here.notebook)
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]

    assert "archive = 'archive'\nstatic_charts = True" in sources
    assert any(cell.get("outputs") for cell in notebook["cells"])


def test_an_archive_of_which_nothing_is_left_has_its_report(tmp_path: Path) -> None:
    """Every answer is unknown; who is looked at must be named, and the message says so."""
    archive = shutil.copytree(sample.path(), tmp_path / "archive")
    for segment in archive.glob("*/segments/*"):
        segment.write_bytes(bytes(1_000))
    out = tmp_path / "report.html"

    with pytest.raises(
        ReportError, match=r"damaged or missing.*[Nn]ame the principal and the topic"
    ):
        build_report(ReportOptions(archive=archive, out=out))
    named = {"principal": "billing", "topic": "payments"}
    build_report(ReportOptions(archive=archive, out=out, parameters=named))
    assert "0 yes, 0 no, 8 unknown" in re.sub(r"<[^>]+>", " ", out.read_text())


def test_any_notebook_can_be_reported(tmp_path: Path) -> None:
    """With parameters of its own; it need not have those that a report sets."""
    own = write_notebook(tmp_path / "own.ipynb", code("x = 1", "parameters"), code("print(x + 1)"))
    options = ReportOptions(
        archive=sample.path(),
        out=tmp_path / "new folder" / "own.html",
        notebook=own,
        parameters={"x": 41},
    )
    manifest = build_report(options)

    assert '<pre class="said">42' in options.out.read_text()
    assert {"x": "41"} == manifest.parameters
    assert ["own.html"] == [path.name for path in options.out.parent.iterdir()]


def test_a_failing_notebook_leaves_what_was_there(tmp_path: Path) -> None:
    """A report that lacks its end must not look like one."""
    failing = with_parameters_cell(tmp_path / "f.ipynb", code("print('half')"), code("1 / 0"))
    out, executed = tmp_path / "report.html", tmp_path / "run.ipynb"
    out.write_text("the report of yesterday")
    options = ReportOptions(archive=sample.path(), out=out, notebook=failing, executed=executed)

    with pytest.raises(ReportError, match="cell 4 of the notebook failed"):
        build_report(options)
    assert "the report of yesterday" == out.read_text()
    assert not executed.exists()


def test_without_an_archive_there_is_no_report(tmp_path: Path) -> None:
    """Nothing is run."""
    options = ReportOptions(archive=tmp_path / "nothing", out=tmp_path / "report.html")

    with pytest.raises(ArchiveError):
        build_report(options)
    assert not options.out.exists()


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    """With exit code 2, and without a traceback."""
    command = [STREAMWITNESS, "report", str(sample.path())]
    command += ["--out", str(tmp_path / "r.html"), "-p", "x"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (2, "streamwitness: 'x' is no parameter: write NAME=VALUE\n") == (
        done.returncode,
        done.stderr,
    )
    assert not (tmp_path / "r.html").exists()


def test_a_report_on_an_encrypted_archive_says_no_more_than_is_known(tmp_path: Path) -> None:
    """With keys it answers what it answers in clear; without them *unknown*, and why."""
    encrypted = Encrypted(tmp_path, everything())
    asked = {"principal": "bob", "topic": "orders", "field": "card"}
    keys = {"keys": str(encrypted.keys.path), "identity": str(encrypted.identity)}
    pages = []
    for parameters in (asked, asked | keys):
        out = tmp_path / "report.html"
        build_report(ReportOptions(archive=encrypted.archive, out=out, parameters=parameters))
        pages.append(re.sub(r"<[^>]+>", " ", out.read_text()))

    without, with_keys = pages
    assert re.search(r"Did bob@\S+ read card of orders in clear\?\s+unknown", without)
    assert "is encrypted: no key was given" in without
    assert re.search(r"Did bob@\S+ read card of orders in clear\?\s+yes", with_keys)
    assert str(tmp_path) not in with_keys
