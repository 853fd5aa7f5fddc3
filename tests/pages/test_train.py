"""The Train page: settings, runs, figures."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hrnn.training.config import PRESETS, ExperimentConfig
from tests.pages.app import QUICK, keys, opened, press, texts
from ui import state
from workspace.datasets import Dataset
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.runs import Run, create_run, list_runs


@pytest.mark.parametrize(
    ("page", "key", "value"),
    [
        ("train", "split", "x"),
        ("train", "epochs", "abc"),
        ("train", "hidden_units", "-1"),
        ("train", "learning_rate", "nan"),
        ("train", "loss", "x"),
        ("sessions", "timeout_minutes", "1e308"),
    ],
)
def test_nonsense_in_the_link_is_a_sentence(
    dataset: Dataset, page: str, key: str, value: str
) -> None:
    app = opened(page, **{"log": dataset.id, key: value})
    said = texts(app).replace("\\", "")
    assert f"{key} = {value}" in said or "is no timeout" in said


def test_session_ids_decide_from_sessions_to_train(home: Path) -> None:
    rows = "".join(f"u{u},i{i},{60 * i},s{i // 2}\n" for u in range(3) for i in range(6))
    made = import_log("local", f"user,item,time,session\n{rows}".encode(), "with ids")
    app = opened("sessions", log=made.id)
    assert app.metric[0].value == "9"
    app.toggle(key="use_session_ids").set_value(False).run()
    assert app.metric[0].value == "3"
    app.switch_page("pages/train.py").run()
    assert "sessions cut at **30 min**" in texts(app)
    linked = opened("train", log=made.id)
    assert "sessions cut **by their ids**" in texts(linked)


def test_a_training_is_started_with_the_settings_on_the_page(dataset: Dataset) -> None:
    app = opened("train", log=dataset.id, timeout_minutes=15)
    app.number_input(key="epochs").set_value(2).run()
    app.number_input(key="hidden_units").set_value(8).run()
    app.radio(key="split").set_value("all_rows").run()
    press(app, "train_start")
    (made,) = list_runs("local")
    assert made.experiment.split == "all_rows"
    assert made.experiment.timeout_minutes == 15
    assert (made.experiment.training.epochs, made.experiment.training.hidden_units) == (2, 8)
    assert app.query_params["run"] == made.id
    assert app.query_params["epochs"] == "2"
    Launcher().stop(made)


def test_a_finished_run_shows_figures_with_their_conditions(run: Run) -> None:
    app = opened("train", log=run.dataset, run=run.id)
    said = texts(app).replace("\\", "")
    figures = (
        "small.csv · leave-last-out, 6 held-out interactions of 6 users · full ranking of 7 items"
        " · items seen before left out · seed 0 (bootstrap), 42 (training)"
    )
    assert figures in said
    assert "train_stop" not in keys(app, "button")
    assert "to_explore" in keys(app, "button")


def test_a_killed_run_says_so_and_can_be_resumed(dataset: Dataset) -> None:
    killed = create_run(dataset, ExperimentConfig(training=QUICK))
    (killed.folder / "started").touch()
    (killed.folder / "lock").write_text(str(os.getpid()))
    app = opened("train", log=dataset.id, run=killed.id)
    assert "ended from outside" in texts(app)
    assert "train_resume" in keys(app, "button")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("u1,a,1\nu2,b,2\n", "o user has three interactions"),
        ("u1,a,1\nu1,a,2\nu1,a,3\n", "nothing to choose between"),
    ],
)
def test_a_log_that_nothing_can_be_learned_from_is_a_sentence(
    home: Path, rows: str, words: str
) -> None:
    made = import_log("local", f"user,item,time\n{rows}".encode(), "tiny")
    app = opened("train", log=made.id)
    assert words in texts(app)
    assert app.button(key="train_start").disabled


def rated(home: Path) -> Dataset:
    """Ratings from 1 to 5 as outcomes."""
    rows = "".join(
        f"u{u},i{(u + n) % 7},{60 * n + 7200 * (n // 3)},{1 + (u + n) % 5}\n"
        for u in range(8)
        for n in range(9)
    )
    return import_log("local", f"user,item,time,outcome\n{rows}".encode(), "ratings")


def test_the_mode_of_the_outcomes_is_named_and_decides_the_losses(home: Path) -> None:
    app = opened("train", log=rated(home).id)
    outcomes = app.selectbox(key="outcomes")
    assert outcomes.options[0] == "As found: continuous (outcomes are amounts)"
    assert app.selectbox(key="loss").options == ["squared error"]
    outcomes.set_value("binary").run()
    assert app.number_input(key="positive_from").value == 4.0
    assert len(app.selectbox(key="loss").options) == 4
    app.selectbox(key="outcomes").set_value("soft").run()
    assert app.selectbox(key="loss").options == ["BCE, sampled negatives"]


def test_a_changed_mode_is_what_is_trained(home: Path) -> None:
    app = opened("train", log=rated(home).id)
    app.selectbox(key="outcomes").set_value("positives").run()
    app.number_input(key="positive_from").set_value(3.0).run()
    app.radio(key="split").set_value("last_session_out").run()
    press(app, "train_start")
    (made,) = list_runs("local")
    Launcher().stop(made)
    assert made.experiment.outcomes == "positives"
    assert made.experiment.positive_from == 3.0
    assert made.experiment.split == "last_session_out"
    assert made.experiment.training.loss == "cross_entropy"


def test_a_regressor_is_trained_on_amounts_and_shows_its_error(
    home: Path, done: Callable[[Run], Run]
) -> None:
    settings = ExperimentConfig(training=replace(QUICK, loss="mse"))
    run = done(create_run(rated(home), settings, "amounts"))
    app = opened("train", log=run.dataset, run=run.id)
    assert "RMSE" in app.dataframe[0].value.columns


def test_what_is_cut_off_is_said_beside_the_settings(dataset: Dataset) -> None:
    app = opened("train", log=dataset.id, max_sessions=1)
    assert "let it read more sessions" in texts(app).replace("\\", "")


def test_a_preset_fills_the_inputs_and_what_is_changed_stays_in_the_link(dataset: Dataset) -> None:
    app = opened("train", log=dataset.id)
    assert app.number_input(key="hidden_units").value == PRESETS["standard"].hidden_units
    app.number_input(key="epochs").set_value(3).run()
    app.segmented_control(key="preset").set_value("best").run()
    assert not app.exception
    best = PRESETS["best"]
    assert app.number_input(key="hidden_units").value == best.hidden_units
    assert app.number_input(key="epochs").value == best.epochs
    assert app.selectbox(key="learning_rate_decay").value == best.learning_rate_decay
    assert app.query_params["preset"] == "best"
    assert "hidden_units" not in app.query_params
    app.number_input(key="hidden_units").set_value(9).run()
    assert app.query_params["hidden_units"] == "9"
    again = opened("train", log=dataset.id, preset="best", hidden_units=9)
    press(again, "train_start")
    (run,) = list_runs("local")
    Launcher().stop(run)
    assert run.experiment.training == replace(best, hidden_units=9)


def test_a_flat_model_can_be_trained_and_is_asked_for_no_user_state(dataset: Dataset) -> None:
    app = opened("train", log=dataset.id)
    app.selectbox(key="model").set_value("sasrec").run()
    assert "user_state" not in keys(app, "selectbox")
    press(app, "train_start")
    (run,) = list_runs("local")
    Launcher().stop(run)
    assert run.experiment.model == "sasrec"
    assert not run.decides


def test_back_undoes_a_preset(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "_UNDER_WAY_SECONDS", 0.0)
    app = opened("train", log=dataset.id)
    app.segmented_control(key="preset").set_value("quick").run()
    assert app.query_params["preset"] == "quick"
    assert app.number_input(key="epochs").value == PRESETS["quick"].epochs
    del app.query_params["preset"]
    app.run()
    assert app.segmented_control(key="preset").value == "standard"
    assert app.number_input(key="epochs").value == PRESETS["standard"].epochs
    assert "preset" not in app.query_params


def test_a_preset_from_a_link_or_the_browsers_back_fills_the_inputs_too(dataset: Dataset) -> None:
    app = opened("train", log=dataset.id)
    app.segmented_control(key="preset").set_value("quick").run()
    assert app.number_input(key="epochs").value == PRESETS["quick"].epochs
    app.query_params["preset"] = "best"
    app.run()
    assert app.number_input(key="epochs").value == PRESETS["best"].epochs
    assert app.number_input(key="hidden_units").value == PRESETS["best"].hidden_units
    assert "epochs" not in app.query_params
    app.query_params["preset"] = "quick"
    app.query_params["epochs"] = "7"
    app.run()
    assert app.number_input(key="epochs").value == 7
    assert app.number_input(key="hidden_units").value == PRESETS["quick"].hidden_units


def test_what_a_flat_model_does_not_read_is_not_counted_in_sessions(dataset: Dataset) -> None:
    link = {"log": dataset.id, "max_sessions": 1, "max_session_len": 2}
    assert "lie outside the last" in texts(opened("train", **link))
    assert "lie outside the last" not in texts(opened("train", **link, model="sasrec"))
