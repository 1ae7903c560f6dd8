"""In JupyterLab the guided notebook runs, draws its timeline, and asks nobody for anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from workbench.report.notebook import BREACH

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

MS = 1_000
IS_IDLE = "document.querySelector('.jp-Notebook-ExecutionIndicator')?.dataset.status === 'idle'"
IS_DONE = """() => {
  const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
  return prompts.length > 0 && prompts.every(prompt => /\\[\\d+\\]/.test(prompt.textContent));
}"""


@pytest.fixture
def opened(visit: Visit, lab: str) -> Visit:
    """Open the notebook and run all of its cells."""
    page = visit.page
    # JupyterLab calls a kernel idle before it has heard from it, and loses what is run then.
    with page.expect_websocket(
        lambda socket: "/channels" in socket.url, timeout=120 * MS
    ) as kernel:
        page.goto(lab.format(BREACH), wait_until="domcontentloaded")
    kernel.value.wait_for_event("framereceived", timeout=120 * MS)
    page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell", timeout=120 * MS)
    page.wait_for_function(IS_IDLE, timeout=120 * MS)
    page.click(".jp-Notebook .jp-Cell >> nth=0")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(IS_DONE, timeout=240 * MS)
    page.wait_for_function(IS_IDLE, timeout=60 * MS)
    return visit


def detail_times(chart: Locator) -> list[str]:
    """Read the labels of the lanes' time axis, which is the last one."""
    axes = chart.locator("[aria-roledescription='axis'][aria-label*='time (UTC)']")
    return axes.last.locator("text").all_text_contents()


def drag_over_the_strip(page: Page, chart: Locator, since: float, until: float) -> None:
    """Drag from one part of the strip to another, as parts of its width."""
    strip = chart.locator(".role-scope > g > path.background").first.bounding_box()
    assert strip is not None, "the strip is drawn"
    middle = strip["y"] + strip["height"] / 2
    page.mouse.move(strip["x"] + since * strip["width"], middle)
    page.mouse.down()
    page.mouse.move(strip["x"] + until * strip["width"], middle, steps=10)
    page.mouse.up()


def test_the_notebook_investigates_in_jupyterlab(opened: Visit) -> None:
    """Every cell runs, the chart is live, its strip chooses, and nothing leaves the machine."""
    page = opened.page
    chart = page.locator(".jp-OutputArea svg.marks").first
    chart.wait_for(state="visible", timeout=60 * MS)
    for _ in range(3):  # cells above get their height when they come near
        chart.evaluate("drawn => drawn.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(300)
    opened.shoot("notebook-timeline")
    before = detail_times(chart)
    drag_over_the_strip(page, chart, 0.68, 0.74)
    page.wait_for_timeout(500)
    after = detail_times(chart)
    opened.shoot("notebook-timeline-chosen")
    findings = page.locator(".sw-findings")
    findings.scroll_into_view_if_needed()
    opened.shoot("notebook-findings")

    assert (
        0 == page.locator(".jp-OutputArea [data-mime-type='application/vnd.jupyter.error']").count()
    )
    assert 8 == findings.locator("tbody tr").count()
    assert "8 yes, 0 no, 0 unknown" in findings.inner_text()
    assert "06:00" in before
    assert "06:00" not in after
    assert any(label.startswith("07:0") for label in after)
    assert [] == opened.elsewhere
