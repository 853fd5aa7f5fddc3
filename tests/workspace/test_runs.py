"""A run is read from its folder alone; its life is judged by its lock."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hrnn.evaluation.report import Report
from hrnn.training.config import ExperimentConfig, TrainConfig
from tests.workspace.trainings import Wait
from workspace.datasets import Dataset
from workspace.events import Events, last_record
from workspace.home import WorkspaceError, write_json
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.locks import is_locked, take_lock
from workspace.runs import LAST, Run, create_run, list_runs, open_run, rename_run
from workspace.tasks import ACTIVE, State

Done = Callable[[Run], Run]


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Dataset:
    return import_log("local", small_log, "small")


def experiment(**training: object) -> ExperimentConfig:
    settings = {"hidden_units": 4, "batch_size": 2, "loss": "cross_entropy", "epochs": 3}
    return ExperimentConfig(training=TrainConfig(**{**settings, **training}))


def epochs_of(run: Run) -> list[dict]:
    return [one for one in run.events() if one["kind"] == "epoch"]


def test_settings_of_a_run_are_read_back_from_its_folder(dataset: Dataset) -> None:
    made = create_run(dataset, experiment(epochs=7), "mine")
    assert open_run("local", made.id) == made
    assert list_runs("local") == [made]
    assert made.state() == State.QUEUED


def test_a_run_without_a_worker_is_starting_then_interrupted(dataset: Dataset) -> None:
    run = create_run(dataset, experiment())
    started = run.folder / "started"
    started.touch()
    assert run.state() == State.STARTING
    os.utime(started, (time.time() - 31, time.time() - 31))
    assert run.state() == State.INTERRUPTED


def test_a_run_whose_lock_was_held_and_is_free_is_interrupted_at_once(dataset: Dataset) -> None:
    run = create_run(dataset, experiment())
    (run.folder / "started").touch()
    (run.folder / "lock").write_text("123")
    assert run.state() == State.INTERRUPTED


def test_a_held_lock_means_running_once_it_has_begun_and_two_readers_do_not_disturb_each_other(
    dataset: Dataset,
) -> None:
    run = create_run(dataset, experiment())
    (run.folder / "started").touch()
    held = take_lock(run.folder / "lock")
    assert held is not None
    assert run.state() == State.QUEUED
    (run.folder / "begun").touch()
    assert run.state() == State.RUNNING
    assert take_lock(run.folder / "lock", patience_seconds=0) is None
    held.close()
    with (run.folder / "lock").open("rb") as reader:
        import portalocker

        portalocker.lock(reader, portalocker.LOCK_SH | portalocker.LOCK_NB)
        assert not is_locked(run.folder / "lock")


def test_a_worker_that_takes_its_lock_while_somebody_looks_is_not_taken_for_dead(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run(dataset, experiment())
    (run.folder / "started").touch()
    (run.folder / "lock").touch()

    def free_and_then_taken(path: Path) -> bool:
        path.write_text("123")
        return False

    monkeypatch.setattr("workspace.tasks.is_locked", free_and_then_taken)
    assert run.state() == State.STARTING


@pytest.mark.parametrize("text", ["{", "{}", "[]", '{"state": "asleep"}', '"finished"'])
def test_a_broken_last_word_is_none_and_the_run_can_resume(
    dataset: Dataset, text: str, done: Done
) -> None:
    run = create_run(dataset, experiment(epochs=1))
    (run.folder / "started").touch()
    (run.folder / "lock").write_text("123")
    (run.folder / "run.json").write_text(text)
    assert run.final() is None
    assert run.state() == State.INTERRUPTED
    if text == "{}":
        assert done(run).state() == State.FINISHED


def test_a_run_with_a_worker_cannot_be_started_again_nor_cancelled(dataset: Dataset) -> None:
    run = create_run(dataset, experiment())
    held = take_lock(run.folder / "lock")
    assert held is not None
    held.write(b"123")
    held.flush()
    (run.folder / "begun").touch()
    launcher = Launcher()
    with pytest.raises(WorkspaceError, match="running"):
        launcher.start(run)
    launcher.stop(run)
    held.close()
    assert run.final() is None
    assert (run.folder / "lock").read_bytes() == b"123"
    assert run.stopping()


def test_a_stop_before_the_first_epoch_keeps_nothing_and_says_so(
    dataset: Dataset, wait_for: Wait
) -> None:
    run = create_run(dataset, experiment(epochs=100_000))
    Launcher().start(run)
    wait_for(lambda: run.state() == State.RUNNING)
    (run.folder / "stop").touch()
    wait_for(lambda: run.state() not in ACTIVE)
    final = run.final()
    assert final is not None
    assert final["state"] == "stopped"
    assert "before the first epoch" in final["message"]
    assert not run.has_model()


def test_events_are_read_up_to_the_first_broken_line(dataset: Dataset) -> None:
    run = create_run(dataset, experiment())
    (run.folder / "events.jsonl").write_bytes(b'{"kind": "epoch"}\n\0\0\n{"kind": "epoch"}\n')
    assert run.events() == [{"kind": "epoch"}]


def test_an_unended_last_line_of_the_events_is_ignored(dataset: Dataset) -> None:
    run = create_run(dataset, experiment())
    (run.folder / "events.jsonl").write_bytes(b'{"kind": "epoch"}\n{"kind": "upd')
    assert run.events() == [{"kind": "epoch"}]


def test_events_are_read_on_and_again_once_a_resumed_worker_has_cut_them(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    events = Events(path)
    assert events.read() == []
    assert last_record(path) is None
    path.write_text('{"n": 1}\n{"n": 2}\n{"n"')
    assert events.read() == [{"n": 1}, {"n": 2}]
    assert last_record(path) == {"n": 2}
    with path.open("a") as file:
        file.write(": 3}\n")
    assert events.read() == [{"n": 1}, {"n": 2}, {"n": 3}]
    with path.open("a") as file:
        file.write('{"n": 4}')
    assert events.read() == [{"n": 1}, {"n": 2}, {"n": 3}]
    with path.open("a") as file:
        file.write("\n")
    assert events.read() == [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}]
    path.write_text('{"n": 1}\n')
    assert events.read() == [{"n": 1}]
    path.write_text('{"n": 4}\n{"n": 5}\n')
    assert events.read() == [{"n": 4}, {"n": 5}]


def test_only_what_is_new_is_read_of_the_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text('{"n": 1}\n' * 1000)
    events = Events(path)
    events.read()
    read = []
    parse = json.loads
    monkeypatch.setattr("json.loads", lambda line: read.append(line) or parse(line))
    with path.open("a") as file:
        file.write('{"n": 2}\n')
    assert len(events.read()) == 1001
    assert read == [b'{"n": 2}\n']


def test_a_run_is_renamed_and_nothing_else_changes(dataset: Dataset) -> None:
    run = create_run(dataset, experiment(epochs=7), "before")
    rename_run(run, "  after ")
    assert open_run("local", run.id) == replace(run, name="after")
    rename_run(run, "")
    assert open_run("local", run.id).name == "small, HRNN, 4 units"


def test_a_broken_run_does_not_hide_the_others_and_says_what_is_wrong(dataset: Dataset) -> None:
    good, bad = create_run(dataset, experiment()), create_run(dataset, experiment())
    facts = json.loads((bad.folder / "config.json").read_text())
    facts["experiment"]["training"]["epochs"] = -1
    write_json(bad.folder / "config.json", facts)
    assert list_runs("local") == [good]
    with pytest.raises(WorkspaceError, match="epochs=-1"):
        open_run("local", bad.id)


def test_a_queued_run_that_is_stopped_is_cancelled_and_cannot_start(dataset: Dataset) -> None:
    run = create_run(dataset, experiment())
    Launcher().stop(run)
    assert run.state() == State.CANCELLED
    with pytest.raises(WorkspaceError, match="cancelled"):
        Launcher().start(run)


def test_a_run_trains_in_another_process_and_leaves_model_curves_and_figures(
    dataset: Dataset, done: Done
) -> None:
    run = create_run(dataset, experiment())
    done(run)
    final = run.final()
    assert run.state() == State.FINISHED, run.log_tail()
    assert final is not None
    assert [one["epoch"] for one in epochs_of(run)] == [1, 2, 3]
    assert all(one["valid_loss"] is not None for one in epochs_of(run))
    report = Report.open(run.report_folder)
    counted = report.table.set_index(["MODEL", "METRIC"])["N"]
    assert counted["HRNN", "HR@10"] == counted["popularity", "HR@10"] == 6
    assert not report.leaked
    assert sorted(path.name for path in run.model_folder.iterdir()) == [
        "model.json",
        "model.safetensors",
        "trained_rows.npy",
    ]


def test_a_log_that_is_too_short_fails_in_a_sentence(home: Path, done: Done) -> None:
    short = import_log("local", b"user,item,time\na,x,1\nb,y,2\n", "short")
    run = create_run(short, experiment())
    done(run)
    final = run.final()
    assert run.state() == State.FAILED
    assert final is not None
    assert "no user has three interactions" in final["message"]
    assert "Traceback" not in run.log_tail()


def test_a_missing_log_fails_in_a_sentence(dataset: Dataset, done: Done) -> None:
    run = create_run(dataset, experiment())
    (dataset.folder / "dataset.json").unlink()
    done(run)
    final = run.final()
    assert final is not None
    assert final["state"] == "failed"
    assert "there is no log" in final["message"]


def test_a_run_whose_held_out_items_are_all_unknown_is_finished_without_figures(
    home: Path, done: Done
) -> None:
    rows = "".join(
        f"u{u},{item},{at}\n"
        for u in range(3)
        for at, item in enumerate(["a", "b", "c", f"new{u}"])
    )
    cold = import_log("local", f"user,item,time\n{rows}".encode(), "cold")
    run = create_run(cold, experiment())
    done(run)
    final = run.final()
    assert run.state() == State.FINISHED, run.log_tail()
    assert final is not None
    assert not run.report_folder.exists()
    assert "not enough data to evaluate" in final["message"]
    assert (run.model_folder / "model.json").exists()


def test_stop_keeps_the_best_weights(dataset: Dataset, wait_for: Wait) -> None:
    run = create_run(dataset, experiment(epochs=100_000))
    launcher = Launcher()
    launcher.start(run)
    wait_for(lambda: len(epochs_of(run)) >= 2)
    launcher.stop(run)
    wait_for(lambda: run.state() not in ACTIVE)
    assert run.state() == State.STOPPED
    assert (run.model_folder / "model.json").exists()


def test_a_killed_worker_leaves_an_interrupted_run_that_resumes_to_the_same_curve(
    dataset: Dataset, wait_for: Wait, done: Done
) -> None:
    whole, cut = (create_run(dataset, experiment(epochs=80)) for _ in range(2))
    launcher = Launcher()
    launcher.start(cut)
    wait_for(lambda: (cut.folder / LAST).exists())
    os.kill(int((cut.folder / "lock").read_text()), signal.SIGKILL)
    wait_for(lambda: cut.state() == State.INTERRUPTED)
    before = len(epochs_of(cut))
    assert before < 80
    done(cut)
    done(whole)
    assert cut.state() == whole.state() == State.FINISHED
    losses = [[(e["train_loss"], e["valid_loss"]) for e in epochs_of(run)] for run in (cut, whole)]
    assert losses[0] == losses[1]
    assert len(losses[0]) == 80


def test_a_second_worker_on_a_run_leaves_it_alone(dataset: Dataset) -> None:
    run = create_run(dataset, experiment())
    held = take_lock(run.folder / "lock")
    assert held is not None
    command = [sys.executable, "-m", "workspace.worker", str(run.folder)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "another worker has this task" in done.stderr
    assert run.final() is None
    held.close()


def test_the_worker_has_a_process_group_of_its_own_and_is_niced(
    dataset: Dataset, wait_for: Wait
) -> None:
    run = create_run(dataset, experiment(epochs=100_000))
    launcher = Launcher()
    launcher.start(run)
    wait_for(lambda: run.state() == State.RUNNING and len(epochs_of(run)) > 0)
    pid = int((run.folder / "lock").read_text())
    assert os.getpgid(pid) == pid != os.getpgid(0)
    assert os.getpriority(os.PRIO_PROCESS, pid) > os.getpriority(os.PRIO_PROCESS, 0)
    launcher.stop(run)
    wait_for(lambda: run.state() not in ACTIVE)


@pytest.mark.parametrize("module", ["datasets", "runs", "launcher", "samples", "locks", "home"])
def test_no_module_but_the_worker_brings_torch(module: str) -> None:
    code = f"import sys, workspace.{module}; sys.exit('torch' in sys.modules)"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
