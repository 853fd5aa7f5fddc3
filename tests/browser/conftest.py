"""The app in a process of its own, and a real Chromium that drives it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]


class Studio:
    """A running app: its address, and restarting it on the same home."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start the app and wait until it answers."""
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        options = ["--server.headless", "true", "--server.port", str(self._port)]
        self._process = subprocess.Popen(
            [*command, *options],
            cwd=ROOT,
            env=os.environ | {"HRNN_STUDIO_HOME": str(self._home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1).read()
                return
            except OSError:
                assert time.monotonic() < until, "the app does not answer"
                assert self._process.poll() is None, "the app ended"
                time.sleep(0.1)

    def stop(self) -> None:
        """End the app."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=30)


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """An app on an empty home."""
    running = Studio(tmp_path / "home")
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A Chromium: $CHROMIUM, as make test sets it, or the one on PATH."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.fail("there is no Chromium; type: make test")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh visit, tall enough for a whole page on a screenshot."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1300})
    yield context.new_page()
    context.close()
