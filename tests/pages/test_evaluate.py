"""The Evaluate page: what is measured, beside what, and whether it was trained on."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from hrnn.evaluation.report import Report
from hrnn.training.config import ExperimentConfig
from tests.pages.app import QUICK, keys, opened, press, texts
from ui.evaluated import differing
from workspace.datasets import Dataset
from workspace.evaluations import (
    BASELINES,
    EvaluationConfig,
    create_evaluation,
    list_evaluations,
    open_evaluation,
)
from workspace.launcher import Launcher
from workspace.locks import LOCK, take_lock
from workspace.runs import Run, create_run, rename_run
from workspace.tasks import State, Task


def test_without_a_model_evaluate_says_what_to_do(dataset: Dataset) -> None:
    app = opened("evaluate", log=dataset.id)
    assert "no model of this log yet" in texts(app)
    assert "to_train" in keys(app, "button")


def test_an_evaluation_starts_with_what_is_chosen(run: Run) -> None:
    app = opened("evaluate", log=run.dataset, run=run.id)
    app.multiselect(key="evaluate_baselines_pick").set_value(["popularity"]).run()
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


def test_another_split_than_that_of_the_training_is_warned_of(run: Run) -> None:
    app = opened("evaluate", log=run.dataset, run=run.id)
    assert not app.warning
    app.radio(key="evaluate_split").set_value("temporal").run()
    assert "Trained with another split: quick" in app.warning[0].value


def test_while_the_first_model_trains_the_pages_wait_for_it(dataset: Dataset) -> None:
    run = create_run(dataset, ExperimentConfig(), "mine")
    for page in ("evaluate", "explore", "blind", "take_home"):
        assert "There is no model of this log yet" in texts(opened(page, log=dataset.id))
    worker = take_lock(run.folder / LOCK)
    for page in ("evaluate", "explore", "blind", "take_home"):
        assert "A model is training: 0 % of its epochs" in texts(opened(page, log=dataset.id))
    assert worker is not None
    worker.close()


def test_nothing_chosen_cannot_be_evaluated(run: Run) -> None:
    app = opened("evaluate", log=run.dataset, run=run.id)
    app.multiselect(key="evaluate_runs_pick").set_value([]).run()
    app.multiselect(key="evaluate_baselines_pick").set_value([]).run()
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
    assert "neither trained nor validated on any held-out one: quick, popularity" in said
    assert "42 interactions to train on; 6 to choose the epoch by" in said
    table = app.dataframe[0].value
    models = ["quick", "popularity", "own popularity", "co-occurrence", "session kNN"]
    assert table["Model"].tolist() == models
    assert {"HR@3", "NDCG@3", "MRR@3", "Coverage@3"} <= set(table.columns)
    assert "Leak" not in table.columns
    assert "%" in table["HR@3"][0]
    assert "–" in table["HR@3"][0]


def test_an_evaluation_that_never_started_can_be_started(
    run: Run, dataset: Dataset, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    made = create_evaluation(dataset, EvaluationConfig(runs=(run.id,), baselines=("popularity",)))
    app = opened("evaluate", log=run.dataset, run=run.id, evaluation=made.id)
    assert "It never started." in texts(app)
    press(app, "evaluate_resume")
    wait_for(lambda: made.state() == State.FINISHED)


def test_the_length_of_the_lists_stands_in_the_link(run: Run, evaluated: str) -> None:
    link = {"log": run.dataset, "run": run.id, "evaluation": evaluated}
    app = opened("evaluate", **link)
    assert "cut_off" not in app.query_params
    app.pills(key="cut_off").set_value(1).run()
    assert app.query_params["cut_off"] == "1"
    assert "HR@1" in opened("evaluate", **link, cut_off=1).dataframe[0].value.columns
    other = opened("evaluate", **link, cut_off=7)
    assert "HR@3" in other.dataframe[0].value.columns
    assert "The link says cut\\_off = 7" in texts(other)


def test_both_rankings_are_shown_and_users_on_whom_models_differ_are_linked(
    run: Run, evaluated: str
) -> None:
    app = opened("evaluate", log=run.dataset, run=run.id, evaluation=evaluated)
    said = texts(app).replace("\\", "")
    assert "sampled ranking, 1 + 100 unseen of 7 items" in said
    assert "Nobody has 100 unseen items here" in said
    both = next(one.value for one in app.dataframe if "HR@3, sampled" in one.value.columns)
    assert both["HR@3, full"].tolist() == app.dataframe[0].value["HR@3"].tolist()
    report = open_evaluation("local", evaluated).report_folder
    questions = Report.open(report).questions
    for one, other in (("popularity", "quick"), ("session kNN", "quick"), ("quick", "popularity")):
        app.selectbox(key="finds").set_value(one).run()
        app.selectbox(key="misses").set_value(other).run()
        assert not app.exception
        found = questions[(questions[one] <= 3) & (questions[other] > 3)]
        assert f"{len(found)} held-out interaction" in texts(app).replace("\\", "")
        for table in (frame.value for frame in app.dataframe if "Look at" in frame.value.columns):
            assert set(table["User"]) == set(found["USER_ID"])
            for link, user in zip(table["Look at"], table["User"], strict=True):
                asked = parse_qs(urlsplit(link).query)
                assert (asked["explore_user"], asked["run"]) == ([user], [run.id])
                assert asked["exclude_seen"] == ["True"]


def test_a_link_into_explore_shows_the_question_that_it_stands_beside(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    run = create_run(dataset, ExperimentConfig(split="last_session_out", training=QUICK), "last")
    done(run)
    rule = {"k": (1, 3), "exclude_seen": False}
    settings = EvaluationConfig(runs=(run.id,), split=run.experiment.cut, **rule)  # pyright: ignore
    made = create_evaluation(dataset, settings)
    done(made)
    questions = Report.open(made.report_folder).questions
    pairs = [(one, other) for name in BASELINES for one, other in ((name, "last"), ("last", name))]
    finds, misses = max(pairs, key=lambda pair: len(differing(questions, *pair, 3)))
    rename_run(run, "another name")  # the figures have the old one
    context = {"log": dataset.id, "run": run.id, "evaluation": made.id}
    app = opened("evaluate", **context, finds=finds, misses=misses)
    table = next(one.value for one in app.dataframe if "Look at" in one.value.columns)
    for place, row in table.iterrows():
        link = {name: one[0] for name, one in parse_qs(urlsplit(row["Look at"]).query).items()}
        said = texts(opened("explore", **link)).replace("\\", "")
        assert f"what really came next: **{row['Came next']}**" in said
        assert f"rank {row['Rank, last']} among 7, items seen before included" in said, place


def test_leaked_figures_say_so(dataset: Dataset, done: Callable[[Task], Task]) -> None:
    whole = create_run(dataset, ExperimentConfig(split="all_rows", training=QUICK), "whole")
    done(whole)
    made = create_evaluation(dataset, EvaluationConfig(runs=(whole.id,), baselines=("popularity",)))
    done(made)
    app = opened("evaluate", log=dataset.id, run=whole.id, evaluation=made.id)
    assert any("No verdict" in one.value for one in app.warning)
    assert "whole was trained or validated on 6 of the 6" in app.error[0].value
    assert app.dataframe[0].value["Leak"].tolist() == ["leaked", ""]


def test_a_failed_evaluation_says_why(dataset: Dataset, run: Run, done: Callable) -> None:
    made = create_evaluation(dataset, EvaluationConfig(runs=("20260101-000000-abcdef",)))
    done(made)
    app = opened("evaluate", log=dataset.id, run=run.id, evaluation=made.id)
    assert "nothing named" in app.error[0].value


def test_what_is_to_be_evaluated_stands_in_the_link_if_it_is_not_the_usual(run: Run) -> None:
    app = opened("evaluate", log=run.dataset, run=run.id)
    assert "evaluate_runs" not in app.query_params
    app.multiselect(key="evaluate_baselines_pick").set_value(["popularity", "session kNN"]).run()
    app.multiselect(key="evaluate_peers_pick").set_value(["flat_gru"]).run()
    app.multiselect(key="evaluate_runs_pick").set_value([]).run()
    app.toggle(key="evaluate_twins").set_value(True).run()
    names = ("evaluate_runs", "evaluate_baselines", "evaluate_peers", "evaluate_twins")
    link = {name: app.query_params[name] for name in names}
    assert link == dict(
        zip(names, ("none", "popularity.session kNN", "flat_gru", "True"), strict=True)
    )
    again = opened("evaluate", log=run.dataset, run=run.id, **link)
    assert again.multiselect(key="evaluate_runs_pick").value == []
    assert again.multiselect(key="evaluate_baselines_pick").value == ["popularity", "session kNN"]
    assert again.multiselect(key="evaluate_peers_pick").value == ["flat_gru"]
    assert again.toggle(key="evaluate_twins").value
    gone = opened("evaluate", log=run.dataset, run=run.id, evaluate_runs="gone")
    assert gone.multiselect(key="evaluate_runs_pick").value == [run.id]
    assert "evaluate_runs" not in gone.query_params
    assert "evaluate_runs = gone" in gone.warning[0].value.replace("\\", "")
