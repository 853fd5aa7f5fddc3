"""What moving the timeout costs while a run trains, beside what it costs when nothing does.

The real app in a real Chromium, on a generated log of 200,000 interactions; the slider of the
Sessions page is moved by arrow keys, to and fro. *Drawn* is the time from the key until the figures
are new and the script has ended; *work* leaves out what comes before the app begins to run, which
is Streamlit's wait for further keys. Moves are made idle and during a training in turn, three
times; each training is started and stopped by the app's own launcher.

Prints one JSON object; ratios are of medians. CHROMIUM names the browser, else PATH. Takes about
two minutes.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.parts.studio import App
from hrnn.synthetic import SyntheticConfig, generate
from hrnn.training.config import RECOMMENDED, ExperimentConfig, SplitConfig
from workspace.datasets import Dataset
from workspace.home import LOCAL
from workspace.importing import import_log
from workspace.launcher import Launcher, worker_threads
from workspace.runs import create_run
from workspace.tasks import ACTIVE

LOG = SyntheticConfig(users=2_000, items=2_000, interactions=200_000, seed=0)
ROUNDS, MOVES = 3, 20  # as many to as fro
FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
_PATIENCE_SECONDS = 60

# Resolves to milliseconds from now until the figures differ and no script runs.
_WATCH = """before => {
    const figures = () => document.querySelector('.st-key-sessions_total').innerText;
    const state = () => document.querySelector('[data-testid="stApp"]').dataset.testScriptState;
    const start = performance.now();
    let began = null;
    window.drawn = new Promise(done => {
        const look = () => {
            const now = performance.now(), idle = state() === 'notRunning';
            if (!idle && began === null) began = now;
            if (idle && figures() !== before) done({drawn: now - start, work: now - began});
            else requestAnimationFrame(look);
        };
        look();
    });
}"""


def moved(page: Page, times: int) -> list[dict[str, float]]:
    """Move the timeout to and fro; return what each move took."""
    figures, taken = page.locator(".st-key-sessions_total"), []
    slider = page.locator(".st-key-timeout_minutes").get_by_role("slider")
    for turn in range(times):
        page.wait_for_timeout(200)
        page.evaluate(_WATCH, figures.inner_text())
        slider.press("ArrowRight" if turn // 5 % 2 == 0 else "ArrowLeft")
        taken.append(page.evaluate("() => window.drawn"))
    return taken


def wait_for(happened: Callable[[], bool]) -> None:
    """Wait until something has happened in another process."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.1)


def moved_while_training(page: Page, dataset: Dataset) -> list[dict[str, float]]:
    """Move the timeout while a run trains; the run is stopped after that."""
    endless = RECOMMENDED.plain() | {"epochs": 10_000, "early_stopping_patience": None}
    experiment = ExperimentConfig.of(SplitConfig(), type(RECOMMENDED)(**endless))
    run, launcher = create_run(dataset, experiment), Launcher()
    launcher.start(run)
    try:
        wait_for(lambda: bool(run.events()))
        taken = moved(page, MOVES)
        assert run.state() in ACTIVE, "the run ended too soon"
    finally:
        launcher.stop(run)
    wait_for(lambda: run.state() not in ACTIVE)
    return taken


def figures(taken: list[dict[str, float]], name: str) -> dict[str, int]:
    """Return the median and the 95th percentile, in milliseconds."""
    middle, high = np.percentile([one[name] for one in taken], [50, 95])
    return {"p50": round(middle), "p95": round(high)}


def main() -> None:
    """Move the timeout idle and while a run trains, in turn."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as home:
        os.environ["HRNN_STUDIO_HOME"] = home
        dataset = import_log(LOCAL, generate(LOG).frame, "generated", title_column="title")
        with App("app.py", Path(home)) as app, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(viewport={"width": 1280, "height": 1300})
            page.goto(f"http://{app.address}/sessions")
            page.locator(".st-key-sessions_total").wait_for()
            moved(page, 10)  # warms up
            idle, training = [], []
            for _ in range(ROUNDS):
                idle += moved(page, MOVES)
                training += moved_while_training(page, dataset)
            torch = app.has_loaded("libtorch")
            browser.close()
    kinds = {"idle": idle, "training": training}
    found = {
        kind: {n: figures(taken, n) for n in ("drawn", "work")} for kind, taken in kinds.items()
    }
    print(
        json.dumps(
            {
                "data": f"generated, {LOG.users:,} users, {LOG.interactions:,} rows, seed 0",
                "moves": {kind: len(taken) for kind, taken in kinds.items()},
                "cores": len(os.sched_getaffinity(0)),
                "worker_threads": worker_threads(),
                "milliseconds": found,
                **{
                    f"ratio_{name}": round(
                        found["training"][name]["p50"] / found["idle"][name]["p50"], 2
                    )
                    for name in ("drawn", "work")
                },
                "torch_loaded": torch,
            }
        )
    )


if __name__ == "__main__":
    main()
