"""The rule over the gaps: figures follow the mouse in the browser, Python hears of it once."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import ROOT, Studio
from workspace.importing import import_log

pytestmark = pytest.mark.browser
expect.set_options(timeout=60_000)

# Counts the runs of the script that the page saw begin.
_COUNT_RUNS = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    window.runs = 0;
    new MutationObserver(() => {
        if (app.dataset.testScriptState === 'running') window.runs += 1;
    }).observe(app, {attributes: true, attributeFilter: ['data-test-script-state']});
}"""


@pytest.fixture
def sessions(page: Page, studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """The Sessions page of a real log, at rest."""
    monkeypatch.setenv("HRNN_STUDIO_HOME", str(tmp_path / "home"))
    import_log("local", ROOT / "sample_data" / "news_reading.csv", "news")
    page.goto(f"{studio.url}/sessions")
    expect(page.get_by_role("button", name="Train on these sessions")).to_be_visible()
    settled(page)
    page.evaluate(_COUNT_RUNS)
    return page


def settled(page: Page) -> None:
    page.wait_for_timeout(500)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def beside_the_rule(page: Page) -> str:
    return page.locator(".st-key-gaps svg.marks").text_content() or ""


def sessions_said(text: str) -> int:
    found = re.search(r"· ([\d,]+) sessions", text)
    assert found, text
    return int(found[1].replace(",", ""))


def timeout(page: Page) -> float:
    found = re.search(r"timeout_minutes=([\d.]+)", page.url)
    assert found, page.url
    return float(found[1])


def tiles(page: Page) -> Locator:
    return page.locator(".st-key-sessions_total")


def test_figures_follow_a_dragged_rule_and_python_hears_of_it_once(sessions: Page) -> None:
    page = sessions
    plot = page.locator(".st-key-gaps svg.marks").bounding_box()
    assert plot is not None
    y = plot["y"] + plot["height"] / 2
    expect(tiles(page)).to_contain_text("4,697")
    assert "↔ 30 min" in beside_the_rule(page)

    page.mouse.move(plot["x"] + 0.5 * plot["width"], y)
    page.mouse.down()
    seen = []
    for share in (0.55, 0.65, 0.75):
        page.mouse.move(plot["x"] + share * plot["width"], y, steps=5)
        page.wait_for_timeout(400)  # longer than Streamlit waits before it hands a choice over
        seen.append(sessions_said(beside_the_rule(page)))
    assert seen[0] > seen[1] > seen[2]
    assert page.evaluate("window.runs") == 0
    expect(tiles(page)).to_contain_text("4,697")
    assert "timeout_minutes=30" in page.url or "timeout_minutes" not in page.url

    page.mouse.move(plot["x"] + 0.75 * plot["width"], plot["y"] + 2 * plot["height"])
    page.mouse.up()  # outside the chart, as hands do
    expect(tiles(page)).to_contain_text(f"{seen[2]:,}")
    expect(page).to_have_url(re.compile(r"timeout_minutes=(?!30(&|$))[\d.]+"))
    settled(page)
    assert page.evaluate("window.runs") == 1
    words = re.search(r"↔ ([\d.]+ (?:min|h|d))", beside_the_rule(page))
    assert words
    expect(page.get_by_test_id("stSidebar")).to_contain_text(f"Timeout: {words[1]}")

    page.reload()
    expect(tiles(page)).to_contain_text(f"{seen[2]:,}")


def test_the_rule_goes_where_the_slider_goes_and_can_be_dragged_back(sessions: Page) -> None:
    page = sessions
    plot = page.locator(".st-key-gaps svg.marks").bounding_box()
    assert plot is not None
    x, y = plot["x"] + 0.7 * plot["width"], plot["y"] + plot["height"] / 2

    page.mouse.click(x, y)
    expect(tiles(page)).not_to_contain_text("4,697")
    settled(page)
    clicked = timeout(page)
    page.locator(".st-key-timeout_mark").get_by_text("5 min", exact=True).click()
    expect(tiles(page)).to_contain_text("5,458")
    settled(page)
    assert "↔ 5 min" in beside_the_rule(page)  # an older drag does not hold the rule

    page.mouse.click(x, y)
    expect(tiles(page)).not_to_contain_text("5,458")
    settled(page)
    assert timeout(page) == pytest.approx(clicked, rel=0.05)
