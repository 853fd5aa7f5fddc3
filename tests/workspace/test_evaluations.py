"""An evaluation measures runs and baselines in a process of its own."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hrnn import ConfigError
from hrnn.baselines import BASELINES as ALL_BASELINES
from hrnn.evaluation.report import Report
from hrnn.training.config import ExperimentConfig, SplitConfig, TrainConfig
from workspace.datasets import Dataset
from workspace.evaluations import (
    BASELINES,
    Evaluation,
    EvaluationConfig,
    create_evaluation,
    list_evaluations,
    open_evaluation,
)
from workspace.home import WorkspaceError
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.runs import Run, create_run
from workspace.tasks import ACTIVE, State, Task

Done = Callable[[Task], Task]
QUICK = TrainConfig(hidden_units=4, batch_size=2, loss="cross_entropy", epochs=2)


@pytest.fixture
def dataset(home: Path, small_log: Path) -> Dataset:
    return import_log("local", small_log, "small")


@pytest.fixture
def run(dataset: Dataset, done: Callable[[Run], Run]) -> Run:
    return done(create_run(dataset, ExperimentConfig(training=QUICK), "mine"))


def report_of(evaluation: Evaluation) -> Report:
    assert evaluation.state() == State.FINISHED, evaluation.log_tail()
    return Report.open(evaluation.report_folder)


def test_names_of_baselines_are_those_of_the_models() -> None:
    assert tuple(ALL_BASELINES) == BASELINES


def test_settings_of_an_evaluation_are_read_back_from_its_folder(dataset: Dataset) -> None:
    settings = EvaluationConfig(
        runs=("a", "b"), k=(1, 3), split=SplitConfig(split="temporal", timeout_minutes=5)
    )
    made = create_evaluation(dataset, settings)
    assert open_evaluation("local", made.id) == made
    assert list_evaluations("local") == [made]
    assert made.state() == State.QUEUED


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": ()}, "k="),
        ({"k": (0,)}, "k"),
        ({"ranking": "fast"}, "ranking='fast'"),
        ({"seed": -1}, "seed=-1"),
        ({"models": ()}, "models is not a setting"),
    ],
)
def test_wrong_settings_are_named(settings: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        EvaluationConfig(**settings)


def test_runs_baselines_and_twins_are_measured_on_the_same_interactions(
    dataset: Dataset, run: Run, done: Callable[[Evaluation], Evaluation]
) -> None:
    settings = EvaluationConfig(runs=(run.id,), twins=True, k=(2,))
    report = report_of(done(create_evaluation(dataset, settings)))
    models = ["mine", "mine, trained without user state", "mine, user state zeroed", *BASELINES]
    assert list(report.trained_on) == models
    assert not report.leaked
    assert set(report.table.loc[report.table["METRIC"] == "HR@2", "N"]) == {6}


def test_a_run_trained_on_what_is_held_out_is_marked_as_leaked(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    whole = create_run(dataset, ExperimentConfig(split="all_rows", training=QUICK), "whole")
    done(whole)
    settings = EvaluationConfig(runs=(whole.id,), baselines=("popularity",))
    evaluation = create_evaluation(dataset, settings)
    done(evaluation)
    report = report_of(evaluation)
    assert report.trained_on == {"whole": 6, "popularity": 0}
    leaked = report.table.set_index("MODEL")["LEAKED"]
    assert leaked["whole"].all()
    assert not leaked["popularity"].any()


def test_runs_of_one_name_are_told_apart(
    dataset: Dataset, run: Run, done: Callable[[Task], Task]
) -> None:
    other = create_run(dataset, run.experiment, "mine")
    done(other)
    evaluation = create_evaluation(dataset, EvaluationConfig(runs=(run.id, other.id), baselines=()))
    done(evaluation)
    assert list(report_of(evaluation).trained_on) == ["mine", f"mine ({other.id})"]


def test_a_run_without_a_model_fails_in_a_sentence(
    dataset: Dataset, done: Callable[[Evaluation], Evaluation]
) -> None:
    empty = create_run(dataset, ExperimentConfig(training=QUICK), "empty")
    evaluation = done(create_evaluation(dataset, EvaluationConfig(runs=(empty.id,))))
    final = evaluation.final()
    assert evaluation.state() == State.FAILED
    assert final is not None
    assert final["message"].startswith("run 'empty' has no model")
    assert "Traceback" not in evaluation.log_tail()


def test_a_stop_ends_an_evaluation_without_figures(
    dataset: Dataset, run: Run, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    evaluation = create_evaluation(dataset, EvaluationConfig(runs=(run.id,)))
    launcher = Launcher()
    launcher.start(evaluation)
    launcher.stop(evaluation)
    wait_for(lambda: evaluation.state() not in ACTIVE)
    assert evaluation.state() == State.STOPPED
    assert not evaluation.report_folder.exists()


def test_a_killed_evaluation_is_interrupted_and_can_start_again(
    dataset: Dataset, done: Callable[[Evaluation], Evaluation]
) -> None:
    evaluation = create_evaluation(dataset, EvaluationConfig(k=(1,)))
    (evaluation.folder / "started").touch()
    (evaluation.folder / "lock").write_text(str(os.getpid()))
    assert evaluation.state() == State.INTERRUPTED
    report = report_of(done(evaluation))
    assert list(report.trained_on) == list(BASELINES)


def test_an_evaluation_that_is_not_there_is_a_sentence(home: Path) -> None:
    with pytest.raises(WorkspaceError, match="nothing named 'x1' among the jobs"):
        open_evaluation("local", "x1")


def test_broken_settings_hide_no_other_evaluation(dataset: Dataset) -> None:
    broken, whole = (create_evaluation(dataset, EvaluationConfig()) for _ in range(2))
    (broken.folder / "config.json").write_text("{")
    assert list_evaluations("local") == [whole]
    (broken.folder / "config.json").write_text('{"settings": {"split": {"split": "x"}}}')
    with pytest.raises(WorkspaceError, match="cannot be read"):
        open_evaluation("local", broken.id)


def test_a_run_named_like_a_baseline_is_measured_beside_it(
    dataset: Dataset, run: Run, done: Callable[[Task], Task]
) -> None:
    other = create_run(dataset, run.experiment, "popularity")
    done(other)
    settings = EvaluationConfig(runs=(other.id,), baselines=("popularity",))
    evaluation = create_evaluation(dataset, settings)
    done(evaluation)
    assert list(report_of(evaluation).trained_on) == [f"popularity ({other.id})", "popularity"]


def test_peers_are_trained_with_the_settings_of_a_run(
    dataset: Dataset, run: Run, done: Callable[[Task], Task]
) -> None:
    settings = EvaluationConfig(runs=(run.id,), baselines=(), peers=("flat_gru", "sasrec"), k=(2,))
    evaluation = create_evaluation(dataset, settings)
    done(evaluation)
    report = report_of(evaluation)
    assert list(report.trained_on) == ["mine", "mine, as flat GRU", "mine, as SASRec"]
    assert not report.leaked


def test_flat_runs_have_no_peers_and_no_twin(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    flat = create_run(dataset, ExperimentConfig(training=QUICK, model="sasrec"), "flat")
    done(flat)
    table = Report.open(flat.report_folder).table
    assert set(table["MODEL"]) == {"SASRec", "popularity"}
    settings = EvaluationConfig(runs=(flat.id,), baselines=(), peers=("flat_gru",), twins=True)
    evaluation = create_evaluation(dataset, settings)
    done(evaluation)
    assert list(report_of(evaluation).trained_on) == ["flat"]


def test_a_run_named_like_a_peer_is_told_apart_from_it(
    dataset: Dataset, run: Run, done: Callable[[Task], Task]
) -> None:
    other = create_run(dataset, run.experiment, "mine, as flat GRU")
    done(other)
    settings = EvaluationConfig(runs=(other.id, run.id), baselines=(), peers=("flat_gru",))
    evaluation = create_evaluation(dataset, settings)
    done(evaluation)
    own = f"mine, as flat GRU ({other.id})"
    assert list(report_of(evaluation).trained_on) == [
        own, f"{own}, as flat GRU", "mine", "mine, as flat GRU",
    ]  # fmt: skip
