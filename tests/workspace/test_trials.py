"""Runs that try timeouts."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hrnn.evaluation.report import Report
from hrnn.evaluation.trials import compare
from hrnn.training.config import ExperimentConfig, SplitConfig, TrainConfig
from workspace.datasets import Dataset
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.runs import create_run, list_runs
from workspace.tasks import State, Task
from workspace.trials import create_trial, newest_trial

QUICK = TrainConfig(hidden_units=4, batch_size=2, loss="cross_entropy", epochs=1)


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Dataset:
    return import_log("local", small_log, "small")


def test_a_trial_is_a_run_a_timeout_on_the_same_validation_rows(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    cut = SplitConfig(split="temporal", timeout_minutes=7)
    runs = create_trial(dataset, cut, [2, 30], QUICK)
    for run in runs:
        done(run)
    assert newest_trial(list_runs("local")) == {2: runs[0], 30: runs[1]}
    reports = {run.experiment.timeout_minutes: Report.open(run.report_folder) for run in runs}
    for report in reports.values():
        assert report.heading.startswith("leave-last-out on validation rows, 6 held-out")
        assert set(report.questions["TIMESTAMP"].dt.minute) == {4}  # of minutes 0, 4 and 8
    assert compare(reports, "HRNN")["SETTING"].tolist() == [2, 30]


def test_of_several_trials_the_newest_settings_count_and_of_those_the_newest_runs(
    dataset: Dataset,
) -> None:
    assert newest_trial([]) == {}
    ordinary = create_run(dataset, ExperimentConfig(training=QUICK))
    assert newest_trial([ordinary]) == {}
    other = TrainConfig(hidden_units=5, batch_size=2, loss="cross_entropy", epochs=1)
    old = create_trial(dataset, SplitConfig(), [5, 10], other)
    first = create_trial(dataset, SplitConfig(), [30, 10], QUICK)
    again = create_trial(dataset, SplitConfig(), [10], QUICK)
    newest_first = [*again, *reversed(first), *reversed(old), ordinary]
    found = newest_trial(newest_first)
    assert list(found) == [10, 30]
    assert found == {10: again[0], 30: first[0]}
    Launcher().stop(again[0])
    assert again[0].state() == State.CANCELLED
    assert newest_trial(newest_first) == {10: first[1], 30: first[0]}


def test_a_run_without_figures_is_named_not_hidden(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    (run,) = create_trial(dataset, SplitConfig(positive_from=9, outcomes="positives"), [5], QUICK)
    done(run)
    assert run.state() == State.FAILED
    assert newest_trial(list_runs("local")) == {5: run}
