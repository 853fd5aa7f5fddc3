"""A log goes with what was measured and recommended on it; never from under somebody's runs."""

from pathlib import Path

import pytest

from hrnn.training.config import ExperimentConfig
from workspace.datasets import Dataset, list_datasets
from workspace.evaluations import EvaluationConfig, create_evaluation, list_evaluations
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.locks import LOCK, take_lock
from workspace.recommendations import (
    RecommendationsConfig,
    create_recommendations,
    list_recommendations,
)
from workspace.removing import check_removable, remove_log
from workspace.runs import create_run

FIGURES = EvaluationConfig(runs=(), baselines=("popularity",))


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Dataset:
    return import_log("local", small_log, "mine")


def test_evaluations_and_recommendations_go_with_their_log_and_no_others(
    dataset: Dataset, small_log: Path
) -> None:
    other = import_log("local", small_log, "other")
    lists = RecommendationsConfig(run="gone")
    for one in (dataset, other):
        Launcher().stop(create_evaluation(one, FIGURES))
        create_recommendations(one, "gone", lists)  # asked for, never started
    remove_log(dataset)
    assert list_datasets("local") == [other]
    assert [one.dataset for one in list_evaluations("local")] == [other.id]
    assert [one.dataset for one in list_recommendations("local")] == [other.id]


def test_a_log_with_runs_stays(dataset: Dataset) -> None:
    first = create_run(dataset, ExperimentConfig(), "first")
    check_removable(dataset, spared=first.id)
    with pytest.raises(WorkspaceError, match="1 run is of the log 'mine'; delete it on"):
        remove_log(dataset)
    create_run(dataset, ExperimentConfig(), "second")
    with pytest.raises(WorkspaceError, match="1 run is of"):
        check_removable(dataset, spared=first.id)
    assert list_datasets("local") == [dataset]


def test_a_log_that_is_worked_on_stays(dataset: Dataset) -> None:
    evaluation = create_evaluation(dataset, FIGURES)
    worker = take_lock(evaluation.folder / LOCK)
    with pytest.raises(WorkspaceError, match="still at work on the log 'mine'"):
        remove_log(dataset)
    assert list_datasets("local") == [dataset]
    assert list_evaluations("local") == [evaluation]
    assert worker is not None
    worker.close()
    remove_log(dataset)
    assert list_evaluations("local") == []
