"""A Streamlit app in a process of its own, on a home of its own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from benchmarks.parts.measuring import ROOT

_TICKS = os.sysconf("SC_CLK_TCK")


class App:
    """A running app: its address, what it has used, what it has loaded.

    Args:
        script: path below the root, where ``.streamlit/config.toml`` is found.
        home: where what lasts goes.
    """

    def __init__(self, script: str, home: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        self.started = time.perf_counter()
        options = ["--server.headless", "true", "--server.port", str(port)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", script, *options],
            cwd=ROOT,
            env=os.environ | {"HRNN_STUDIO_HOME": str(home), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.pid = self._process.pid

    def __enter__(self) -> "App":
        """Wait until it answers."""
        until = time.monotonic() + 60
        while not self._answers():
            if time.monotonic() > until or self._process.poll() is not None:
                self._process.kill()
                raise OSError("the app does not answer")
            time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)

    def cpu_seconds(self) -> float:
        """Return the processor time of the app and of its ended children since it started."""
        facts = self._read("stat").rpartition(")")[2].split()
        return sum(map(int, facts[11:15])) / _TICKS

    def has_loaded(self, library: str) -> bool:
        """Say whether a shared library of some name is mapped into the app."""
        return library in self._read("maps")

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://{self.address}/_stcore/health", timeout=1).read()
        except OSError:
            return False
        return True

    def _read(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text()
