"""Runs wait for a slot in the order in which they were started, each in a worker of its own."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from hrnn.training.config import ExperimentConfig, TrainConfig
from tests.workspace.trainings import Wait
from workspace.datasets import Dataset
from workspace.evaluations import EvaluationConfig, create_evaluation
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.locks import take_lock
from workspace.runs import LAST, Run, create_run
from workspace.slots import slot_count, waiting_before
from workspace.tasks import ACTIVE, State, Task

Start = Callable[..., Run]


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Dataset:
    return import_log("local", small_log, "small")


@pytest.fixture
def start(dataset: Dataset, wait_for: Wait) -> Iterator[Start]:
    """Start a run that does not end by itself; its worker lives when this returns."""
    started: list[Run] = []

    def begin(epochs: int = 1_000_000) -> Run:
        training = TrainConfig(hidden_units=4, batch_size=2, loss="cross_entropy", epochs=epochs)
        run = create_run(dataset, ExperimentConfig(training=training), f"run {len(started)}")
        started.append(run)
        Launcher().start(run)  # a launcher of its own, as in another app on the same home
        wait_for(lambda: (run.folder / "lock").read_text() != "")
        return run

    yield begin
    for run in reversed(started):
        if run.state() in ACTIVE:
            kill(run)


@pytest.fixture
def busy(home: Path) -> Iterator[IO[bytes]]:
    """The only slot, taken; closing it frees it."""
    (home / "slots").mkdir(parents=True)
    slot = take_lock(home / "slots" / "0.lock")
    assert slot is not None
    yield slot
    slot.close()


def kill(task: Task) -> None:
    os.kill(int((task.folder / "lock").read_text()), signal.SIGKILL)


def test_runs_train_one_at_a_time_in_the_order_of_their_start(
    start: Start, busy: IO[bytes], wait_for: Wait
) -> None:
    runs = [start() for _ in range(4)]
    time.sleep(0.5)  # would one begin, it had begun by now
    assert [run.state() for run in runs] == [State.QUEUED] * 4
    assert [waiting_before(run.folder) for run in runs] == [0, 1, 2, 3]
    busy.close()
    for place, run in enumerate(runs):
        wait_for(lambda rest=runs[place:]: State.RUNNING in [one.state() for one in rest])
        time.sleep(0.5)
        assert [one.state() for one in runs[place:]] == [
            State.RUNNING,
            *[State.QUEUED] * (3 - place),
        ]
        assert [waiting_before(one.folder) for one in runs[place + 1 :]] == [*range(3 - place)]
        kill(run)


def test_two_slots_train_two_runs_and_the_third_waits(
    start: Start, wait_for: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HRNN_STUDIO_SLOTS", "2")
    runs = [start() for _ in range(3)]
    wait_for(lambda: [run.state() for run in runs[:2]] == [State.RUNNING] * 2)
    time.sleep(0.5)
    assert runs[2].state() == State.QUEUED
    kill(runs[0])
    wait_for(lambda: runs[2].state() == State.RUNNING)
    assert runs[1].state() == State.RUNNING


def test_a_run_that_waits_is_cancelled_and_lets_the_next_one_pass(
    start: Start, busy: IO[bytes], wait_for: Wait
) -> None:
    runs = [start() for _ in range(2)]
    Launcher().stop(runs[0])
    wait_for(lambda: runs[0].state() == State.CANCELLED and not runs[0].has_worker())
    assert waiting_before(runs[1].folder) == 0
    busy.close()
    wait_for(lambda: runs[1].state() == State.RUNNING)


def test_a_worker_killed_while_it_waits_leaves_a_run_that_can_resume(
    start: Start, busy: IO[bytes], wait_for: Wait
) -> None:
    killed, other = start(), start()
    kill(killed)
    wait_for(lambda: killed.state() == State.INTERRUPTED)
    Launcher().start(killed)
    wait_for(killed.has_worker)
    assert killed.state() == State.QUEUED
    assert waiting_before(killed.folder) == 1  # it was resumed after the other was started
    assert waiting_before(other.folder) == 0
    busy.close()
    wait_for(lambda: other.state() == State.RUNNING)
    assert killed.state() == State.QUEUED


def test_a_trained_run_that_is_stopped_while_it_waits_again_can_still_resume(
    home: Path, start: Start, wait_for: Wait
) -> None:
    trained = start()
    wait_for(lambda: (trained.folder / LAST).exists())
    kill(trained)
    wait_for(lambda: trained.state() == State.INTERRUPTED)
    learned = (trained.folder / LAST).read_bytes()
    slot = take_lock(home / "slots" / "0.lock")
    assert slot is not None
    launcher = Launcher()
    launcher.start(trained)
    wait_for(trained.has_worker)
    assert trained.state() == State.QUEUED
    launcher.stop(trained)
    wait_for(lambda: not trained.has_worker())
    assert trained.state() == State.INTERRUPTED
    assert (trained.folder / LAST).read_bytes() == learned
    launcher.start(trained)
    slot.close()
    wait_for(lambda: trained.state() == State.RUNNING)


def test_a_run_that_waits_cannot_be_started_twice(start: Start, busy: IO[bytes]) -> None:
    waiting = start()
    with pytest.raises(WorkspaceError, match="it is queued"):
        Launcher().start(waiting)
    assert waiting.has_worker()


def test_waiting_is_no_training_time(start: Start, busy: IO[bytes], wait_for: Wait) -> None:
    run = start(epochs=1)
    time.sleep(1.5)
    since = time.monotonic()
    busy.close()
    wait_for(lambda: run.state() == State.FINISHED)
    final = run.final()
    assert final is not None
    assert final["seconds"] <= time.monotonic() - since


def test_an_evaluation_takes_no_slot(dataset: Dataset, busy: IO[bytes], wait_for: Wait) -> None:
    evaluation = create_evaluation(dataset, EvaluationConfig(baselines=("popularity",)))
    Launcher().start(evaluation)
    wait_for(lambda: evaluation.state() == State.FINISHED)


def test_a_worker_that_waits_holds_neither_torch_nor_much_else(
    start: Start, busy: IO[bytes]
) -> None:
    waiting = start()
    status = Path(f"/proc/{(waiting.folder / 'lock').read_text()}/status").read_text()
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    assert int(kilobytes) < 40_000


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_of_slots_is_a_sentence(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("HRNN_STUDIO_SLOTS", text)
    run = create_run(dataset, ExperimentConfig())
    with pytest.raises(WorkspaceError, match=f"HRNN_STUDIO_SLOTS='{text}'"):
        Launcher().start(run)
    assert run.state() == State.QUEUED
    monkeypatch.setenv("HRNN_STUDIO_SLOTS", "")
    assert slot_count() == 1


def test_a_deleted_run_leaves_nothing_and_takes_nothing_with_it(dataset: Dataset) -> None:
    launcher = Launcher()
    gone, kept = (create_run(dataset, ExperimentConfig(), name) for name in ("gone", "kept"))
    launcher.stop(gone)
    before = sorted(path.name for path in kept.folder.iterdir())
    launcher.delete(gone)
    names = [str(path) for path in gone.folder.parents[1].rglob("*")]
    assert not [name for name in names if gone.id in name]
    assert sorted(path.name for path in kept.folder.iterdir()) == before
    with pytest.raises(WorkspaceError):
        launcher.delete(gone)


@pytest.mark.parametrize("state", ["running", "waiting", "starting", "not started"])
def test_an_active_run_is_not_deleted(dataset: Dataset, state: str) -> None:
    run = create_run(dataset, ExperimentConfig())
    held = take_lock(run.folder / "lock") if state in ("running", "waiting") else None
    if state == "running":
        (run.folder / "begun").touch()
    if state != "not started":
        (run.folder / "started").touch()
    with pytest.raises(WorkspaceError, match="stop it before"):
        Launcher().delete(run)
    assert (run.folder / "config.json").exists()
    if held is not None:
        held.close()
