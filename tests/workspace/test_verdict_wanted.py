"""A run that is to be decided about is followed by what its verdict needs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hrnn.evaluation.report import Report
from hrnn.training.config import ExperimentConfig, SplitConfig, TrainConfig
from workspace.datasets import Dataset
from workspace.evaluations import (
    BASELINES,
    decides,
    list_evaluations,
    to_decide,
    verdict_wanted,
)
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.runs import create_run, open_run
from workspace.tasks import State, Task
from workspace.training import train_run

QUICK = ExperimentConfig(
    training=TrainConfig(hidden_units=4, batch_size=2, loss="cross_entropy", epochs=2)
)


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Dataset:
    return import_log("local", small_log, "small")


def test_the_worker_of_a_run_goes_on_to_measure_what_its_verdict_needs(
    dataset: Dataset, done: Callable[[Task], Task], wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    run = create_run(dataset, QUICK, "mine", decides=True)
    assert open_run("local", run.id) == run
    done(run)
    wait_for(lambda: bool(list_evaluations("local")))
    (found,) = list_evaluations("local")
    assert found.settings == to_decide(run)
    wait_for(lambda: found.state() == State.FINISHED)
    assert list(Report.open(found.report_folder).trained_on) == [
        "mine",
        "mine, as flat GRU",
        *BASELINES,
    ]
    wait_for(lambda: not run.has_worker())
    Launcher().delete(run)  # it was over before the evaluation began


@pytest.mark.parametrize(
    ("more", "decides", "wanted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"model": "flat_gru"}, True, False),
        ({"split": "all_rows"}, True, False),
    ],
)
def test_only_a_measured_hrnn_that_asked_for_it_gets_a_verdict(
    dataset: Dataset, more: dict, decides: bool, wanted: bool
) -> None:
    run = create_run(dataset, ExperimentConfig(training=QUICK.training, **more), decides=decides)
    assert verdict_wanted("local", run.id) is None  # it has not ended
    train_run("local", run.id)
    assert (verdict_wanted("local", run.id) is not None) == wanted


def test_a_verdict_whose_worker_is_killed_can_be_asked_for_again(
    dataset: Dataset, done: Callable[[Task], Task], wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    run = create_run(dataset, QUICK, "mine", decides=True)
    done(run)
    wait_for(lambda: bool(list_evaluations("local")))
    (found,) = list_evaluations("local")
    wait_for(lambda: found.state() == State.FINISHED)
    (found.folder / "run.json").unlink()  # as if the worker had been ended before
    wait_for(lambda: not found.has_worker())
    assert found.state() == State.INTERRUPTED
    assert done(found).state() == State.FINISHED


MORE = {"twins": True, "also_sampled": False, "peers": ("sasrec", "flat_gru")}


@pytest.mark.parametrize(
    ("change", "enough"),
    [
        ({}, True),
        (MORE, True),
        ({"baselines": ("session kNN",)}, False),
        ({"peers": ("sasrec",)}, False),
        ({"ranking": "sampled"}, False),
        ({"exclude_seen": False}, False),
        ({"targets": "first"}, False),
        ({"k": (10,)}, False),
        ({"split": SplitConfig(split="leave_last_out", timeout_minutes=60.0)}, False),
    ],
)
def test_an_evaluation_decides_that_measures_all_that_is_needed(
    dataset: Dataset, change: dict, enough: bool
) -> None:
    run, other = (create_run(dataset, QUICK, name) for name in ("one", "other"))
    wanted = replace(to_decide(run), **change)
    assert decides(wanted, run) == enough
    assert decides(replace(wanted, runs=(run.id, other.id)), run) == enough
    assert not decides(replace(wanted, runs=(other.id, run.id)), run)
