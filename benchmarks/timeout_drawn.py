"""What moving the timeout costs in the browser: frames while dragging, and until all is drawn.

The real app in a real Chromium, on a generated log. The rule over the gaps is dragged with the
mouse button held, and the time between frames is taken; no Python runs meanwhile, which is checked.
Then the slider is moved by arrow keys: *tiles* is the time from the key until the tiles are new,
*gaps* until the gap histogram was last changed, *timelines* until those at the end of the page
were, *charts* until any chart was.

Prints one JSON object, milliseconds; p95 is of the moves after the first two. CHROMIUM names the
browser, else PATH. ``--interactions`` sets the size of the log (1,000,000 unless said). Takes a
minute, and longer for larger logs.
"""

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.parts.studio import App
from hrnn.synthetic import SyntheticConfig, generate
from workspace.home import LOCAL
from workspace.importing import import_log

MOVES, STEPS = 22, 200
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
_QUIET_MS = 1_500  # after which nothing more is drawn
_PLOT = ".st-key-gaps svg.marks"

_WATCH = """() => {
    const parts = {
        tiles: '.st-key-sessions_total',
        gaps: '.st-key-gaps svg.marks',
        charts: '[data-testid="stVegaLiteChart"]',
        timelines: '[class*="st-key-timeline_"] [data-testid="stVegaLiteChart"]',
    };
    window.seen = {};
    new MutationObserver(changes => {
        for (const change of changes) {
            const at = change.target;
            const element = at.nodeType === 1 ? at : at.parentElement;
            for (const [name, where] of Object.entries(parts))
                if (element?.closest(where)) window.seen[name] = performance.now();
        }
    }).observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
    window.addEventListener('keydown', () => { window.seen = {start: performance.now()}; }, true);
    window.frames_ms = [];
    let last = performance.now();
    const tick = () => {
        const now = performance.now();
        window.frames_ms.push(now - last);
        last = now;
        requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
}"""


def figures(times: list[float]) -> dict[str, Any]:
    """Sum times up."""
    ordered = sorted(times)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    return {"median": round(median(ordered), 1), "p95": round(p95, 1), "count": len(ordered)}


def dragged(page: Page) -> dict[str, Any]:
    """Drag the rule over half of the plot and back to where it was let go."""
    plot = page.locator(_PLOT).bounding_box()
    assert plot is not None
    link, y = page.url, plot["y"] + plot["height"] / 2
    start, step = plot["x"] + 0.4 * plot["width"], 0.5 * plot["width"] / STEPS
    page.mouse.move(start, y)
    page.mouse.down()
    page.evaluate("window.frames_ms.length = 0")
    for place in range(STEPS):
        page.mouse.move(start + place * step, y)
    times = page.evaluate("window.frames_ms.slice()")
    assert page.url == link, "Python ran while the rule was dragged"
    page.mouse.up()
    return figures(times)


def moved(page: Page) -> dict[str, dict[str, Any]]:
    """Move the slider to and fro."""
    slider = page.locator(".st-key-timeout_minutes").get_by_role("slider")
    slider.focus()
    taken = []
    for turn in range(MOVES):
        slider.press("ArrowLeft" if turn % 2 else "ArrowRight")
        page.wait_for_timeout(_QUIET_MS)
        taken.append(page.evaluate("window.seen"))
    names = ("tiles", "gaps", "timelines", "charts")
    return {name: figures([one[name] - one["start"] for one in taken[2:]]) for name in names}


def main() -> None:
    """Make the log, open the page, drag and move."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--interactions", type=int, default=1_000_000)
    count = parser.parse_args().interactions
    with tempfile.TemporaryDirectory() as home:
        os.environ["HRNN_STUDIO_HOME"] = home
        settings = SyntheticConfig(users=max(count // 50, 1), items=2_000, interactions=count)
        made = import_log(LOCAL, generate(settings).frame, "generated")
        browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
        with App("app.py", Path(home)) as app, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browser, args=FLAGS)
            page = chromium.new_page(viewport={"width": 1280, "height": 1300})
            page.set_default_timeout(300_000)
            page.goto(f"http://{app.address}/sessions?log={made.id}")
            page.get_by_role("button", name="Train on these sessions").wait_for()
            page.wait_for_timeout(2 * _QUIET_MS)
            page.evaluate(_WATCH)
            frames = dragged(page)
            page.wait_for_timeout(2 * _QUIET_MS)
            report = {"interactions": count, "frames_ms": frames, "drawn_ms": moved(page)}
            chromium.close()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
