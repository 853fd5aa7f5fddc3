"""Kill −9 of worker, app, or both: nothing is lost, and nothing is shown that is not so.

Fifty rounds are in ``benchmarks/kill_soak.py``; a handful stands here.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.kill_soak import TRAINING, Watched, kill, soak
from hrnn.training.config import ExperimentConfig
from tests.workspace.trainings import Wait
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.runs import LAST, create_run
from workspace.tasks import State


def test_killed_at_random_moments_a_run_ends_as_if_nothing_had_happened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HRNN_STUDIO_HOME", "HRNN_STUDIO_CHECKPOINT_SECONDS"):
        monkeypatch.setenv(name, "")  # what the soak sets is taken back
    monkeypatch.setattr("benchmarks.kill_soak.TRAINING", replace(TRAINING, epochs=3))
    found = soak(tmp_path, rounds=3, seed=2, real_app=False)
    assert found["wrong"] == []
    assert found["killed"] == {"worker": 1, "app": 1, "both": 1}
    assert found["looks"] > 100


def test_the_soak_sees_a_dead_run_that_is_shown_as_running_and_files_that_are_half_written(
    home: Path, small_log: Path, monkeypatch: pytest.MonkeyPatch, wait_for: Wait
) -> None:
    dataset = import_log("local", small_log, "small")
    endless = replace(TRAINING, epochs=1_000_000, early_stopping_patience=None)
    run = create_run(dataset, ExperimentConfig(training=endless), "watched")
    watched = Watched(run, [])
    Launcher().start(run)
    watched.watch(lambda: watched.epochs() >= 1)
    assert watched.wrong == []
    monkeypatch.setattr(type(run), "state", lambda _: State.INTERRUPTED)
    watched.look()
    for pid in watched.workers():
        kill(pid)
    wait_for(lambda: not watched.workers())  # under load the kernel takes its time
    monkeypatch.setattr(type(run), "state", lambda _: State.RUNNING)
    watched.look()
    monkeypatch.undo()
    monkeypatch.setenv("HRNN_STUDIO_HOME", str(home))
    assert ["lives" in text for text in watched.wrong] == [True, True]
    assert "shown as interrupted, but worker" in watched.wrong[0]
    assert "shown as running, but no worker lives" in watched.wrong[1]
    watched.wrong.clear()
    watched.check_files()
    assert watched.wrong == []
    (run.folder / LAST).write_bytes(b"half")
    (run.folder / "run.json").write_text("{")
    (run.folder / "events.jsonl").write_bytes(b'{"kind": "epoch", "epoch": 1}\n{"half\n')
    watched.check_files()
    assert [text.removeprefix("watched: ")[:24] for text in watched.wrong] == [
        "run.json is half written",
        "1 of 2 events cannot be ",
        "last.safetensors cannot ",
    ]
