"""The Take home page: what can be taken along."""

from collections.abc import Callable

import pyarrow.parquet as pq
import pytest

from hrnn.training.config import ExperimentConfig
from tests.pages.app import QUICK, keys, opened, press, texts
from ui import jobs
from ui.take_home import counted
from workspace.datasets import Dataset
from workspace.launcher import Launcher
from workspace.locks import LOCK, take_lock
from workspace.recommendations import (
    RecommendationsConfig,
    create_recommendations,
    list_recommendations,
)
from workspace.runs import Run, create_run
from workspace.tasks import ACTIVE, State, Task


def test_without_a_model_take_home_says_what_there_will_be_and_what_to_do(
    dataset: Dataset,
) -> None:
    app = opened("take_home", log=dataset.id)
    assert "no model of this log yet" in texts(app)
    assert "the Python that repeats" in texts(app)
    assert "to_train" in keys(app, "button")


def test_recommendations_are_made_with_what_was_chosen_and_offered_twice(
    run: Run, wait_for: Callable[[Callable[[], bool]], None]
) -> None:
    app = opened("take_home", log=run.dataset, run=run.id)
    assert "Each of 6 users gets a list" in texts(app)
    app.number_input(key="take_top_k").set_value(3).run()
    app.selectbox(key="take_start").set_value("new").run()
    app.toggle(key="exclude_seen").set_value(True).run()
    press(app, "take_go")
    (job,) = list_recommendations("local")
    assert job.settings == RecommendationsConfig(
        run=run.id, top_k=3, start="new", exclude_seen=True
    )
    wait_for(lambda: job.state() not in ACTIVE)
    app.run()
    assert app.query_params["recommendations"] == job.id
    rows = pq.read_metadata(job.parquet).num_rows
    assert f"**{rows} rows** for 6 users" in texts(app)
    assert {"take_zip", "take_parquet", "take_model", "take_code"} <= keys(app, "download_button")
    shown = next(one.value for one in app.dataframe if "ITEM_ID" in one.value.columns)
    assert shown["RANK"].tolist()[:4] == [1, 2, 1, 2]  # of 7 items five were seen


def test_it_says_that_held_out_rows_are_history_that_was_not_learned(
    run: Run, dataset: Dataset, done: Callable[[Run], Run]
) -> None:
    said = texts(opened("take_home", log=run.dataset, run=run.id))
    assert "For use, not for measuring" in said
    assert "held out is history too, though the model has not learned from it" in said
    whole = done(create_run(dataset, ExperimentConfig(split="all_rows", training=QUICK), "all"))
    assert "The model has learned from all of them" in texts(
        opened("take_home", log=dataset.id, run=whole.id)
    )


def test_to_a_flat_model_no_session_begins(dataset: Dataset, done: Callable[[Run], Run]) -> None:
    for model in ("flat_gru", "sasrec"):
        run = done(create_run(dataset, ExperimentConfig(training=QUICK, model=model), model))
        app = opened("take_home", log=dataset.id, run=run.id)
        assert "take_start" not in keys(app, "selectbox")
        assert "hrnn.FlatGRU" in app.code[0].value or "hrnn.SASRec" in app.code[0].value


def test_earlier_ones_can_be_picked_and_what_failed_says_why(
    dataset: Dataset, run: Run, done: Callable[[Task], Task]
) -> None:
    first = create_recommendations(dataset, "quick", RecommendationsConfig(run=run.id, top_k=2))
    done(first)
    gone = RecommendationsConfig(run="20260101-000000-abcdef")
    failed = create_recommendations(dataset, "gone", gone)
    done(failed)
    app = opened("take_home", log=dataset.id, run=run.id)
    assert app.selectbox(key="recommendations").value == failed.id
    assert "nothing named" in app.error[0].value
    assert "take_zip" not in keys(app, "download_button")
    app.selectbox(key="recommendations").set_value(first.id).run()
    assert "**12 rows** for 6 users" in texts(app)
    assert app.query_params["recommendations"] == first.id


def test_what_is_active_can_be_cancelled(
    dataset: Dataset, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_PATIENCE_SECONDS", 0.1)
    job = create_recommendations(dataset, "quick", RecommendationsConfig(run=run.id))
    worker = take_lock(job.folder / LOCK)
    app = opened("take_home", log=dataset.id, run=run.id)
    press(app, "take_stop")
    assert job.stopping()
    assert worker is not None
    worker.close()
    Launcher().stop(job)
    app.run()
    assert job.state() == State.CANCELLED
    assert "cancelled" in app.error[0].value


def test_the_code_is_that_of_the_user_and_choices_of_the_explore_page(run: Run) -> None:
    link = {"log": run.dataset, "run": run.id, "explore_user": 'v"3', "exclude_seen": True}
    app = opened("take_home", **link, explore_start="new")
    code = app.code[0].value
    assert "USER = 'v\"3'" in code
    assert 'start = "new"' in code
    assert "exclude_seen=True" in code
    other = opened("take_home", log=run.dataset, run=run.id, explore_start="'; import os")
    assert "import os" not in other.code[0].value


def test_less_than_was_asked_for_is_counted_in_words() -> None:
    counts = {"rows": 5, "users": 4, "short": 1, "none": 2, "unknown": 1, "left_out": 3}
    said = "\n".join(counted(counts, 10))
    assert "5 rows" in said
    assert "1 user with fewer than 10 items" in said
    assert "2 users without any" in said
    assert "1 user of whose items the model knows none" in said
    assert "3 users left out" in said
    usual = {"rows": 40, "users": 4, "short": 0, "none": 0, "unknown": 0, "left_out": 0}
    assert len(counted(usual, 10)) == 1


def test_the_code_begins_a_session_as_the_time_picked_on_explore_says(run: Run) -> None:
    for minutes, start in ((30, "continue"), (35, "new")):
        link = {"explore_start": "after", "explore_after": minutes}
        app = opened("take_home", log=run.dataset, run=run.id, **link)
        assert f'start = "{start}"' in app.code[0].value
