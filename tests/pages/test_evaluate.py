"""The Evaluate page: what is measured, beside what, and whether it was trained on."""

from collections.abc import Callable

import pytest

from hrnn.training.config import ExperimentConfig
from tests.pages.app import QUICK, keys, opened, press, texts
from workspace.datasets import Dataset
from workspace.evaluations import EvaluationConfig, create_evaluation, list_evaluations
from workspace.launcher import Launcher
from workspace.runs import Run, create_run
from workspace.tasks import Task


def test_without_a_model_evaluate_says_what_to_do(dataset: Dataset) -> None:
    app = opened("evaluate", log=dataset.id)
    assert "no model of this log yet" in texts(app)
    assert "to_train" in keys(app, "button")


def test_an_evaluation_starts_with_what_is_chosen(run: Run) -> None:
    app = opened("evaluate", log=run.dataset, run=run.id)
    app.multiselect(key="evaluate_baselines").set_value(["popularity"]).run()
    app.radio(key="evaluate_split").set_value("last_session_out").run()
    app.selectbox(key="ranking").set_value("sampled").run()
    app.selectbox(key="seen_rule").set_value("in").run()
    press(app, "evaluate_go")
    (made,) = list_evaluations("local")
    Launcher().stop(made)
    assert made.settings.runs == (run.id,)
    assert made.settings.baselines == ("popularity",)
    assert made.settings.split.split == "last_session_out"
    assert made.settings.split.timeout_minutes == run.experiment.timeout_minutes
    assert made.settings.ranking == "sampled"
    assert not made.settings.exclude_seen
    assert app.query_params["evaluation"] == made.id


def test_nothing_chosen_cannot_be_evaluated(run: Run) -> None:
    app = opened("evaluate", log=run.dataset, run=run.id)
    app.multiselect(key="evaluate_runs").set_value([]).run()
    app.multiselect(key="evaluate_baselines").set_value([]).run()
    assert app.button(key="evaluate_go").disabled


@pytest.fixture
def evaluated(run: Run, dataset: Dataset, done: Callable[[Task], Task]) -> str:
    made = create_evaluation(dataset, EvaluationConfig(runs=(run.id,), k=(1, 3)))
    done(made)
    return made.id


def test_figures_stand_under_their_conditions_with_models_by_rows(run: Run, evaluated: str) -> None:
    app = opened("evaluate", log=run.dataset, run=run.id, evaluation=evaluated)
    said = texts(app).replace("\\", "")
    assert "leave-last-out, 6 held-out interactions of 6 users · full ranking of 7 items" in said
    assert "items seen before left out · seed 0 (bootstrap) · sessions cut at 30 min" in said
    assert "Neither trained nor validated on any of them: quick, popularity" in said
    table = app.dataframe[0].value
    models = ["quick", "popularity", "own popularity", "co-occurrence", "session kNN"]
    assert table["Model"].tolist() == models
    assert {"HR@3", "NDCG@3", "MRR@3", "Coverage@3"} <= set(table.columns)
    assert "Leak" not in table.columns
    assert "%" in table["HR@3"][0]
    assert "–" in table["HR@3"][0]


def test_leaked_figures_say_so(dataset: Dataset, done: Callable[[Task], Task]) -> None:
    whole = create_run(dataset, ExperimentConfig(split="all_rows", training=QUICK), "whole")
    done(whole)
    made = create_evaluation(dataset, EvaluationConfig(runs=(whole.id,), baselines=("popularity",)))
    done(made)
    app = opened("evaluate", log=dataset.id, run=whole.id, evaluation=made.id)
    assert "No verdict" in app.warning[0].value
    assert "whole was trained or validated on 6 of the 6" in app.error[0].value
    assert app.dataframe[0].value["Leak"].tolist() == ["leaked", ""]


def test_a_failed_evaluation_says_why(dataset: Dataset, run: Run, done: Callable) -> None:
    made = create_evaluation(dataset, EvaluationConfig(runs=("20260101-000000-abcdef",)))
    done(made)
    app = opened("evaluate", log=dataset.id, run=run.id, evaluation=made.id)
    assert "nothing named" in app.error[0].value
