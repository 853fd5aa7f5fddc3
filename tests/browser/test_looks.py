"""Every page as people see it who need contrast, a keyboard or a small screen."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from hrnn.training.config import ExperimentConfig
from tests.browser.conftest import Studio
from tests.browser.test_whole_path import settled
from tests.pages.app import QUICK
from ui.page import TITLES
from workspace.evaluations import EvaluationConfig, create_evaluation
from workspace.importing import import_log
from workspace.runs import Run, create_run
from workspace.tasks import Task

pytestmark = pytest.mark.browser
expect.set_options(timeout=60_000)

#: Levels A and AA of WCAG 2.
_RULES = {"runOnly": ["wcag2a", "wcag2aa"]}


@pytest.fixture
def run(home: Path, small_log: Path, done: Callable[[Task], Task]) -> Run:
    dataset = import_log("local", small_log, "small.csv")
    run = create_run(dataset, ExperimentConfig(training=QUICK), "quick")
    done(run)
    done(create_evaluation(dataset, EvaluationConfig(runs=(run.id,), k=(1, 3))))
    return run


@pytest.fixture(params=[("light", 1280), ("dark", 390)], ids=["light, wide", "dark, narrow"])
def seen(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    theme, width = request.param
    viewport = {"width": width, "height": 1300}
    context = chromium.new_context(viewport=viewport, color_scheme=theme)  # pyright: ignore
    yield context.new_page()
    context.close()


def test_pages_keep_to_the_rules_for_access_and_to_the_width(
    studio: Studio, run: Run, seen: Page
) -> None:
    for path in TITLES:
        name = Path(path).stem
        seen.goto(f"{studio.url}/{name}?log={run.dataset}&run={run.id}")
        expect(seen.get_by_role("heading", level=1)).to_be_visible()
        seen.wait_for_timeout(300)
        seen.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        seen.wait_for_timeout(1_500)  # charts draw after the script
        found = Axe().run(seen, options=_RULES).response["violations"]
        broken = [(one["id"], node["html"][:200]) for one in found for node in one["nodes"]]
        assert not broken, (name, broken)
        wide, room = seen.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= room, name


def test_a_user_is_picked_and_a_session_opened_by_keyboard(
    studio: Studio, run: Run, page: Page
) -> None:
    page.goto(f"{studio.url}/explore?log={run.dataset}&run={run.id}&explore_user=v3")
    settled(page)
    last = page.locator(".history details").last
    expect(last).to_be_visible()
    before = last.get_attribute("open")
    last.locator("summary").focus()
    page.keyboard.press("Enter")
    assert last.get_attribute("open") != before
    picker = page.locator(".st-key-explore_user").get_by_role("combobox")
    picker.focus()
    picker.fill("v5")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("explore_user=v5"))
    settled(page)
