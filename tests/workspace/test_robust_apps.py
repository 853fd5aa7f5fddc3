"""Two tabs and two apps on one home: a run has one worker, and nobody stands in another's way."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hrnn.training.config import ExperimentConfig
from tests.workspace.trainings import Wait
from workspace.datasets import Dataset
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.locks import take_lock
from workspace.runs import Run, create_run, list_runs
from workspace.tasks import State

ROOT = Path(__file__).parents[2]

# Starts every run of the home, each at a moment that is the same for all who do this.
APP = """
import sys, time
from workspace.home import WorkspaceError
from workspace.launcher import Launcher
from workspace.runs import list_runs

runs = list_runs("local")
print("ready", flush=True)
first = float(sys.stdin.readline())
for number, run in enumerate(runs):
    while time.time() < first + number / 2:
        pass
    try:
        Launcher().start(run)
        print(run.id, "started")
    except WorkspaceError as error:
        print(run.id, error)
"""


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Iterator[Dataset]:
    """The only slot is taken, so that workers wait, which costs little."""
    (home / "slots").mkdir(parents=True)
    slot = take_lock(home / "slots" / "0.lock")
    assert slot is not None
    yield import_log("local", small_log, "small")
    slot.close()


def said_by_apps(count: int) -> str:
    """Let apps start the runs; return what they say."""
    command, pipe = [sys.executable, "-c", APP], subprocess.PIPE
    apps = [
        subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        for _ in range(count)
    ]
    for app in apps:
        assert app.stdout is not None
        app.stdout.readline()
    moment = f"{time.time() + 0.5}\n"
    for app in apps:
        assert app.stdin is not None
        app.stdin.write(moment)
        app.stdin.flush()
    said = "".join(app.communicate(timeout=60)[0] for app in apps)
    assert [app.returncode for app in apps] == [0] * count
    return said


def workers_of(run: Run) -> int:
    """Count the processes that were started to do a run."""
    count = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            count += str(run.folder).encode() in path.read_bytes().split(b"\0")
        except OSError:
            continue
    return count


def test_a_run_that_two_apps_start_at_the_same_moment_has_one_worker(
    dataset: Dataset, wait_for: Wait
) -> None:
    runs = [create_run(dataset, ExperimentConfig()) for _ in range(6)]
    for run in runs[:3]:  # these are resumed
        (run.folder / "started").touch()
        (run.folder / "begun").touch()
        (run.folder / "lock").write_text("123")
    said = said_by_apps(2)
    for run in runs:
        lines = [line for line in said.splitlines() if line.startswith(run.id)]
        assert len(lines) == 2
        assert [line.endswith(" started") for line in lines].count(True) == 1, lines
        wait_for(run.has_worker)
        assert workers_of(run) == 1
        assert run.state() == State.QUEUED
        assert "another worker" not in run.log_tail()
    for run in runs:
        Launcher().stop(run)
        wait_for(lambda run=run: run.state() == State.CANCELLED and not workers_of(run))


def test_a_run_that_tabs_of_one_app_start_at_the_same_moment_has_one_worker(
    dataset: Dataset, wait_for: Wait
) -> None:
    run, launcher, tabs = create_run(dataset, ExperimentConfig()), Launcher(), 8
    together, said = threading.Barrier(tabs), []

    def click() -> None:
        together.wait()
        try:
            launcher.start(run)
            said.append("started")
        except WorkspaceError as error:
            said.append(str(error))

    threads = [threading.Thread(target=click) for _ in range(tabs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == tabs
    assert said.count("started") == 1
    wait_for(run.has_worker)
    assert workers_of(run) == 1
    Launcher().stop(run)
    wait_for(lambda: run.state() == State.CANCELLED)


def test_many_who_look_do_not_keep_a_worker_from_starting(dataset: Dataset, wait_for: Wait) -> None:
    run, ended = create_run(dataset, ExperimentConfig()), threading.Event()
    seen = set()

    def look() -> None:
        while not ended.is_set():
            seen.add(run.state())
            list_runs("local")

    tabs = [threading.Thread(target=look) for _ in range(4)]
    for tab in tabs:
        tab.start()
    try:
        Launcher().start(run)
        wait_for(run.has_worker)
    finally:
        ended.set()
        for tab in tabs:
            tab.join()
    assert State.INTERRUPTED not in seen
    assert State.RUNNING not in seen
    Launcher().stop(run)
    wait_for(lambda: run.state() == State.CANCELLED)
