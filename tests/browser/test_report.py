"""A report opens from a file, asks for nothing, and complains of nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench import sample
from workbench.report.build import ReportOptions, build_report

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the report of the sample."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    build_report(ReportOptions(archive=sample.path(), out=out))
    return out


def test_a_report_needs_nothing_but_itself(visit: Visit, report: Path) -> None:
    """One request, for the file; verdicts and the timeline are there to read."""
    visit.page.goto(report.as_uri())
    visit.shoot("report", whole=True)

    assert [report.as_uri()] == visit.requests
    assert [] == visit.complaints
    assert 8 == visit.page.locator(".sw-verdict").count()
    assert visit.page.locator("figure svg").is_visible()
    assert visit.page.get_by_role("heading", name="Breach in ten minutes").is_visible()


def test_the_contents_lead_to_their_sections(visit: Visit, report: Path) -> None:
    """Each link of the list has its place in the page."""
    visit.page.goto(report.as_uri())
    links = visit.page.locator("nav a")
    missing = [
        links.nth(number).inner_text()
        for number in range(links.count())
        if not visit.page.evaluate(
            "anchor => document.getElementById(anchor) !== null",
            (links.nth(number).get_attribute("href") or "").removeprefix("#"),
        )
    ]

    assert 10 == links.count()
    assert [] == missing


@pytest.mark.parametrize("width", [400, 1360])
def test_the_page_fits_its_window(visit: Visit, report: Path, width: int) -> None:
    """Wide tables scroll by themselves, not the page."""
    visit.page.set_viewport_size({"width": width, "height": 900})
    visit.page.goto(report.as_uri())
    visit.shoot(f"report-{width}")

    assert 0 == visit.page.evaluate(OVERFLOW)


def test_a_script_in_a_report_does_not_run(visit: Visit, report: Path, tmp_path: Path) -> None:
    """Were one to get into an output, the page's own policy stops it."""
    script = "<script>document.title = 'run'</script>"
    changed = tmp_path / "changed.html"
    changed.write_text(report.read_text().replace("<main>", f"<main>{script}"))
    visit.page.goto(changed.as_uri())

    assert "Breach in ten minutes" == visit.page.title()
    assert any("Content Security Policy" in said for said in visit.complaints)


def test_a_report_can_be_printed(visit: Visit, report: Path) -> None:
    """On paper, without what can only be clicked."""
    visit.page.goto(report.as_uri())
    visit.page.emulate_media(media="print")
    pdf = visit.page.pdf(prefer_css_page_size=True)
    (visit.shots / "report.pdf").write_bytes(pdf)

    assert pdf.startswith(b"%PDF")
    assert not visit.page.locator("nav").is_visible()
    assert 0 == visit.page.locator("details.code:visible").count()
