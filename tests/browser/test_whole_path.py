"""The whole path in a real browser: upload, correct, cut, train, watch, reload, explore."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ROOT, SCREENSHOTS, Studio

pytestmark = pytest.mark.browser
expect.set_options(timeout=60_000)

SESSIONS_AT = {5: "5,458", 30: "4,697", 1440: "2,367"}
_ERRORS = '[data-testid="stException"], [data-testid="stAlertContentError"]'


def settled(page: Page) -> None:
    """Wait until no run of the script is under way, and nothing went wrong in it."""
    page.wait_for_timeout(300)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    expect(page.locator(_ERRORS)).to_have_count(0)


def keep(page: Page, name: str) -> None:
    settled(page)
    page.mouse.move(0, 0)
    page.wait_for_timeout(700)  # charts draw after the script
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def key(page: Page, name: str):
    return page.locator(f".st-key-{name}")


def test_from_an_uploaded_log_to_a_users_recommendations(page: Page, studio: Studio) -> None:
    page.set_default_timeout(60_000)
    for name in ("sessions", "train", "evaluate", "explore"):
        page.goto(f"{studio.url}/{name}")
        expect(page.get_by_text("There is no log yet")).to_be_visible()
        expect(page.get_by_text("HRNN STUDIO")).to_be_visible()  # the first link after a start too
        settled(page)
    keep(page, "empty")

    page.get_by_role("button", name="Go to Data").click()
    expect(page.get_by_text("What is in the log")).to_be_visible()
    page.set_input_files(
        '[data-testid="stFileUploaderDropzoneInput"]', ROOT / "sample_data" / "news_reading.csv"
    )
    expect(key(page, "map_user").get_by_role("combobox")).to_have_value("informfully_id")
    key(page, "map_outcome").get_by_role("combobox").click()
    page.get_by_role("option", name="articleAnswer").click()
    settled(page)
    keep(page, "mapping")
    key(page, "import_go").get_by_role("button").click()
    expect(page.get_by_role("button", name="Cut it into sessions")).to_be_visible()
    keep(page, "data")

    page.get_by_role("button", name="Cut it into sessions").click()
    figures = key(page, "sessions_total")
    expect(figures).to_contain_text(SESSIONS_AT[30])
    marks = key(page, "timeout_mark")
    for words, minutes in (("5 min", 5), ("24 h", 1440), ("30 min", 30)):
        marks.get_by_text(words, exact=True).click()
        expect(figures).to_contain_text(SESSIONS_AT[minutes])
        expect(page).to_have_url(re.compile(f"timeout_minutes={minutes}(&|$)"))
    expect(page.get_by_test_id("stSidebar")).to_contain_text("Timeout: 30 min")
    slider = key(page, "timeout_minutes").get_by_role("slider")
    slider.press("ArrowLeft")
    expect(figures).not_to_contain_text(SESSIONS_AT[30])
    slider.press("ArrowRight")
    expect(figures).to_contain_text(SESSIONS_AT[30])
    keep(page, "sessions")

    page.get_by_role("button", name="Train on these sessions").click()
    expect(page).to_have_url(re.compile("/train"))
    settled(page)
    # Settings of a link, with which the run cannot end before the app has come back.
    page.goto(f"{page.url}&epochs=1000&early_stopping_patience=1000")
    key(page, "train_start").get_by_role("button").click()
    expect(page.get_by_text("Training in the background")).to_be_visible()
    some = re.compile(r"best epoch ([2-9]|\d\d)")
    expect(page.get_by_test_id("stProgress")).to_contain_text(some, timeout=120_000)
    losses = {page.locator(".st-key-train_loss").inner_text()}
    page.wait_for_function(
        "seen => document.querySelector('.st-key-train_loss').innerText !== seen",
        arg=losses.copy().pop(),
        timeout=120_000,
    )
    losses.add(page.locator(".st-key-train_loss").inner_text())
    assert len(losses) == 2
    assert all(re.search(r"training \d\.\d{3}", one) for one in losses), losses
    keep(page, "training")

    page.reload()
    expect(page.get_by_text("Training in the background")).to_be_visible()
    studio.stop()
    studio.start()
    page.goto(page.url)
    expect(page.get_by_text("Training in the background")).to_be_visible()
    settled(page)
    key(page, "train_stop").get_by_role("button").click()
    expect(page.get_by_text("Stopped; the best weights so far are kept")).to_be_visible()

    expect(key(page, "epochs").get_by_role("spinbutton")).to_have_value("1000")
    key(page, "epochs").get_by_role("spinbutton").fill("2")
    key(page, "epochs").get_by_role("spinbutton").press("Enter")
    settled(page)
    key(page, "train_start").get_by_role("button").click()
    expect(page.get_by_text("How often the held-out interactions are found")).to_be_visible()
    keep(page, "trained")

    expect(page.get_by_text("HRNN finds the next item in its first 10")).to_be_visible(
        timeout=120_000
    )
    page.get_by_role("button", name="Compare it with other models").click()
    expect(page.get_by_text("HRNN finds the next item in its first 10")).to_be_visible()
    settled(page)
    key(page, "evaluate_go").get_by_role("button").click()
    expect(page.get_by_role("heading", name="What was trained on")).to_be_visible()
    expect(page.get_by_text("neither trained nor validated on any held-out one")).to_be_visible()
    expect(page).to_have_url(re.compile("evaluation="))
    keep(page, "evaluate")
    page.reload()
    expect(page.get_by_role("heading", name="What was trained on")).to_be_visible()
    settled(page)

    page.get_by_role("button", name="Explore what it recommends").click()
    expect(page.get_by_text("Sessions, newest first")).to_be_visible()
    key(page, "explore_user").get_by_role("combobox").fill("MsuLpH3oKD2eougDs")
    page.get_by_role("option", name="MsuLpH3oKD2eougDs").click()
    expect(page.get_by_text("what really came next")).to_be_visible()
    expect(key(page, "recs_table").get_by_test_id("stDataFrame")).to_be_visible()
    expect(page).to_have_url(re.compile("explore_user=MsuLpH3oKD2eougDs"))
    keep(page, "explore")

    fresh = page.context.new_page()
    fresh.goto(studio.url)  # a visit without a link finds the newest log again
    expect(fresh.get_by_role("heading", name="news_reading.csv")).to_be_visible()
    fresh.close()

    link = page.url
    page.goto(link)
    expect(key(page, "explore_user").get_by_role("combobox")).to_have_value("MsuLpH3oKD2eougDs")
    expect(page.get_by_text("Sessions, newest first")).to_be_visible()
    settled(page)


def test_text_from_outside_becomes_no_link_and_no_icon(page: Page, studio: Studio) -> None:
    evil = "www.evil.invalid a@evil.invalid http://evil.invalid :material/home: **b** $x$.csv"
    log = b"user,item,time\nu,i,1\nu,j,2\n"
    page.goto(studio.url)
    page.set_input_files(
        '[data-testid="stFileUploaderDropzoneInput"]',
        {"name": evil.replace("/", "_"), "mimeType": "text/csv", "buffer": log},
    )
    key(page, "import_go").get_by_role("button").click()
    heading = page.get_by_role("heading", name="evil.invalid")
    expect(heading).to_be_visible()
    settled(page)
    outside = page.locator('a[href*="evil"], a[href^="mailto"], [data-testid="stIconMaterial"]')
    expect(page.get_by_test_id("stMain").locator("h3").locator(outside)).to_have_count(0)
    expect(page.locator('a[href*="evil.invalid"], a[href^="mailto"]')).to_have_count(0)
    assert "**b**" in heading.inner_text()
