"""Fixtures shared by all tests."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from workspace.launcher import Launcher
from workspace.tasks import ACTIVE, Task

T = TypeVar("T", bound=Task)
_PATIENCE_SECONDS = 60


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home of its own for each test."""
    folder = tmp_path / "home"
    monkeypatch.setenv("HRNN_STUDIO_HOME", str(folder))
    return folder


@pytest.fixture
def small_log(tmp_path: Path) -> Path:
    """Six users of three sessions each; titles; one row that cannot be read."""
    lines = ["visitor,product,when,title"]
    for user in range(6):
        for session in range(3):
            for place in range(3):
                item = (user + session + place) % 7
                minute = place * 4
                when = f"2024-01-0{session + 1}T1{user}:{minute:02d}:00Z"
                lines.append(f"v{user},p{item},{when},Title {item}")
    lines.append("v0,p1,someday,Title 1")
    path = tmp_path / "small.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool]], None]:
    """Wait until something has happened in another process."""

    def wait(happened: Callable[[], bool]) -> None:
        until = time.monotonic() + _PATIENCE_SECONDS
        while not happened():
            assert time.monotonic() < until, "it did not happen in time"
            time.sleep(0.02)

    return wait


@pytest.fixture
def done(wait_for: Callable[[Callable[[], bool]], None]) -> Callable[[T], T]:
    """Do a task to its end in its worker."""

    def do(task: T) -> T:
        Launcher().start(task)
        wait_for(lambda: task.state() not in ACTIVE)
        return task

    return do
