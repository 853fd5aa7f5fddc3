"""What can be done with runs on the Train page, while they wait, train and after."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest
from streamlit.testing.v1 import AppTest

from hrnn.training.config import ExperimentConfig, SplitConfig
from tests.pages.app import QUICK, ROOT, opened, press, texts
from ui.page import TITLES
from ui.words import literal
from workspace.datasets import Dataset
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.locks import take_lock
from workspace.runs import Run, create_run, list_runs, open_run
from workspace.tasks import State

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def busy(home: Path) -> Iterator[IO[bytes]]:
    """The only slot, taken."""
    (home / "slots").mkdir(parents=True)
    slot = take_lock(home / "slots" / "0.lock")
    assert slot is not None
    yield slot
    slot.close()


def made(dataset: Dataset, name: str = "mine", **training: object) -> Run:
    return create_run(dataset, ExperimentConfig(training=replace(QUICK, **training)), name)


def cancelled(dataset: Dataset, name: str = "mine", **training: object) -> Run:
    run = made(dataset, name, **training)
    Launcher().stop(run)
    return run


def write_events(run: Run, ndcg: float | None = 0.25) -> None:
    at = {"updates": 3, "seconds": 5.0, "interactions": 54, "rss": 312_000_000}
    update = {"kind": "update", "epoch": 1.0, "update": 3, "loss": 2.5, "count": 3}
    epoch = {"kind": "epoch", "epoch": 1, "train_loss": 2.5, "valid_loss": 2.25, "best_epoch": 1}
    records = [{**update, **at}, {**epoch, **at, "valid_ndcg": ndcg}]
    lines = "".join(json.dumps(one) + "\n" for one in records)
    (run.folder / "events.jsonl").write_text(lines)


def test_runs_of_one_name_and_minute_are_told_apart_where_one_is_chosen(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace.runs.now_text", lambda: "2026-03-01 10:00:00 UTC")
    older, newer = cancelled(dataset), cancelled(dataset)
    app = opened("train", log=dataset.id, run=older.id)
    pick = app.selectbox(key="run_pick")
    assert {*pick.options} == {f"mine · 03-01 10:00 ({run.id[-6:]})" for run in (newer, older)}
    assert app.query_params["run"] == older.id


def test_runs_that_wait_say_their_place_and_can_be_cancelled(
    dataset: Dataset, busy: IO[bytes], wait_for: Wait
) -> None:
    first, second = made(dataset, "first"), made(dataset, "second")
    for run in (first, second):
        Launcher().start(run)
        wait_for(run.has_worker)
    assert "next in line" in texts(opened("train", log=dataset.id, run=first.id))
    app = opened("train", log=dataset.id, run=second.id)
    assert "Waiting for a free slot: 1 run before it" in texts(app)
    assert app.button(key="train_stop").label == "Cancel"
    assert app.button(key="run_delete").disabled
    press(app, "train_stop")
    wait_for(lambda: second.state() == State.CANCELLED)
    app.run()
    assert "Cancelled before it started" in texts(app)
    Launcher().stop(first)
    wait_for(lambda: first.state() == State.CANCELLED)


def test_a_run_that_trains_shows_its_numbers_its_log_and_its_curves(dataset: Dataset) -> None:
    run = made(dataset, epochs=40, early_stopping_patience=4)
    held = take_lock(run.folder / "lock")
    assert held is not None
    for name in ("started", "begun"):
        (run.folder / name).touch()
    write_events(run)
    (run.folder / "log.txt").write_text("<b>a line</b>")
    app = opened("train", log=dataset.id, run=run.id)
    tiles = {one.label: one.value for one in app.metric}
    assert tiles == {
        "Epoch of 40": "1.0",
        "Interactions/s": "11",
        "Left, at most": "3.2 min",
        "Memory": "312 MB",
    }
    assert "training 2.500, validation 2.250" in texts(app)
    sidebar = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run().sidebar
    pages = [one.value for one in sidebar.get("page_link")][-len(TITLES) :]
    assert pages == [name + " · 2 %" * (name == "Train") for name in TITLES.values()]
    assert [one.value for one in app.code if "line" in one.value] == ["<b>a line</b>"]
    assert len(app.get("vega_lite_chart")) == 1
    assert app.button(key="train_stop").label == "Stop and keep the best"
    held.close()


def test_records_of_an_older_version_are_drawn(dataset: Dataset) -> None:
    run = cancelled(dataset)
    records = [
        {"kind": "update", "epoch": 0.5, "update": 1, "updates": 2, "loss": 2.5, "seconds": 1.0},
        {
            "kind": "epoch",
            "epoch": 1,
            "train_loss": 2.5,
            "valid_loss": None,
            "best_epoch": 1,
            "updates": 2,
            "seconds": 2.0,
        },
    ]
    (run.folder / "events.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    app = opened("train", log=dataset.id, run=run.id)
    assert len(app.get("vega_lite_chart")) == 1
    assert "training 2.500" in texts(app)


def test_a_warning_of_the_worker_is_said(dataset: Dataset) -> None:
    run = cancelled(dataset)
    write_events(run)
    warning = {"kind": "warning", "epoch": 1.25, "seconds": 6.0, "interactions": 60}
    with (run.folder / "events.jsonl").open("a") as file:
        file.write(json.dumps({**warning, "text": "the disk *is* full"}) + "\n")
    app = opened("train", log=dataset.id, run=run.id)
    assert app.warning[0].value == "In epoch 1.2: the disk \\*is\\* full."


def test_a_clone_puts_the_settings_of_a_run_into_the_inputs(dataset: Dataset) -> None:
    training = replace(
        QUICK, hidden_units=33, loss="bce", num_negatives=7, random_state=5, dropout_rate=0.1
    )
    cut = SplitConfig(split="last_session_out", timeout_minutes=15.0, use_session_ids=False)
    settings = ExperimentConfig.of(cut, training)
    run = create_run(dataset, settings, "mine")
    Launcher().stop(run)
    app = opened("train", log=dataset.id, run=run.id, hidden_units=50, user_state="all")
    assert app.number_input(key="hidden_units").value == 50
    press(app, "run_clone")
    assert "sessions cut at **15 min**" in texts(app)
    app.number_input(key="num_negatives").set_value(9).run()
    press(app, "train_start")
    (clone,) = [one for one in list_runs("local") if one.id != run.id]
    Launcher().stop(clone)
    want = replace(training, num_negatives=9)
    assert clone.experiment == replace(settings, training=want)


def test_a_clone_has_the_timeout_of_its_run_not_of_a_newer_one(dataset: Dataset) -> None:
    for minutes in (30.0, 120.0):
        cut = SplitConfig(timeout_minutes=minutes)
        Launcher().stop(create_run(dataset, ExperimentConfig.of(cut, QUICK), f"at {minutes:g}"))
    older = next(run for run in list_runs("local") if run.name == "at 30")
    older.folder.rename(older.folder.with_name("20200101-000000-000000"))
    older = open_run("local", "20200101-000000-000000")
    app = opened("train", log=dataset.id, run=older.id)
    assert "sessions cut at **2 h**" in texts(app)
    press(app, "run_clone")
    assert "sessions cut at **30 min**" in texts(app)


def test_the_link_to_the_page_that_is_shown_keeps_what_was_picked(dataset: Dataset) -> None:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params.update(log=dataset.id, data_view="items")
    links = {one.value: one.proto.query_string for one in app.run().sidebar.get("page_link")}
    assert "data_view=items" in links["Data"]
    assert "data_view" not in links["Explore"]
    assert f"log={dataset.id}" in links["Explore"]


def test_a_run_is_renamed(dataset: Dataset) -> None:
    run = cancelled(dataset)
    app = opened("train", log=dataset.id, run=run.id)
    app.text_input(key=f"run_name_{run.id}").set_value("*new*").run()
    press(app, "run_rename_go")
    assert open_run("local", run.id).name == "*new*"
    assert app.selectbox(key="run_pick").options[0].startswith("*new*")


def test_a_run_is_deleted_once_that_is_confirmed(dataset: Dataset) -> None:
    kept, gone = cancelled(dataset, "kept"), cancelled(dataset, "gone")
    app = opened("train", log=dataset.id, run=gone.id)
    press(app, "run_delete")
    assert gone.folder.exists()
    press(app, "run_delete_no")
    assert gone.folder.exists()
    press(app, "run_delete")
    press(app, "run_delete_go")
    assert [run.id for run in list_runs("local")] == [kept.id]
    assert "run" not in app.query_params


def test_a_run_that_began_after_the_question_is_not_deleted(dataset: Dataset) -> None:
    run = made(dataset)
    (run.folder / "started").touch()
    (run.folder / "lock").write_text(str(os.getpid()))  # interrupted
    app = opened("train", log=dataset.id, run=run.id)
    press(app, "run_delete")
    held = take_lock(run.folder / "lock")
    assert held is not None
    press(app, "run_delete_go")
    assert "stop it before it is deleted" in texts(app)
    assert run.folder.exists()
    held.close()


def test_the_link_of_a_run_opens_it_on_its_log(dataset: Dataset, small_log: Path) -> None:
    run = cancelled(dataset, "linked")
    cancelled(dataset, "newer")
    while (other := import_log("local", small_log, "newer.csv")).id < dataset.id:
        continue  # of one second, so that chance orders them
    first = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    first.query_params["run"] = run.id
    first.run()
    assert first.query_params["run"] == run.id
    assert first.query_params["log"] == dataset.id
    app = opened("train", run=run.id)
    assert other.name not in texts(app)
    assert app.selectbox(key="run_pick").value == run.id
    (link,) = [one.value for one in app.code if "run=" in one.value]
    assert f"log={dataset.id}" in link
    assert f"run={run.id}" in link


def test_runs_are_compared_with_their_settings_side_by_side(dataset: Dataset) -> None:
    one, two = cancelled(dataset, "same"), cancelled(dataset, "same", hidden_units=9)
    other = cancelled(dataset, "other", loss="bpr_max")
    for run in (one, two, other):
        write_events(run)
    app = opened("train", log=dataset.id, run=one.id, compare=f"{two.id}.{other.id}")
    assert app.multiselect(key="compare_pick").value == [two.id, other.id]
    table = app.dataframe[0].value
    names = [f"same ({one.id[-6:]})", f"same ({two.id[-6:]})", "other"]
    assert list(table.columns) == ["Setting", "Differs", *names]
    assert table[table["Differs"] == "differs"].to_numpy().tolist() == [
        ["Hidden units", "differs", "4", "9", "4"],
        ["Negatives a positive", "differs", "–", "–", "1"],
        [
            "Loss",
            "differs",
            *["cross-entropy over the catalogue"] * 2,
            "BPR-max, sampled negatives",
        ],
        ["Compared with", "differs", *["a sample, where the catalogue is large"] * 2, "–"],
    ]
    assert "different losses, which cannot be compared" in texts(app)
    app.multiselect(key="compare_pick").set_value([two.id]).run()
    assert app.query_params["compare"] == two.id
    assert "different losses" not in texts(app)
    app.selectbox(key="run_pick").set_value(two.id).run()
    assert not app.warning


def test_a_link_that_compares_with_a_run_of_another_log_says_so(dataset: Dataset) -> None:
    one, two = cancelled(dataset, "one"), cancelled(dataset, "two")
    app = opened("train", log=dataset.id, run=one.id, compare=f"{two.id}.gone")
    (warning,) = app.warning
    assert "compare = gone" in warning.value
    assert warning.value.endswith(f"taken instead: {literal(two.id)}.")
    assert app.query_params["compare"] == two.id


@pytest.mark.parametrize("key", ["curve_axis", "curve_smoothing", "curve_log"])
def test_how_curves_are_drawn_can_be_changed_and_linked(dataset: Dataset, key: str) -> None:
    run = cancelled(dataset)
    write_events(run)
    changed = {"curve_axis": "time", "curve_smoothing": "2", "curve_log": "True"}[key]
    app = opened("train", log=dataset.id, run=run.id, **{key: changed})
    spec = app.get("vega_lite_chart")[0].proto.spec
    assert app.query_params[key] == changed
    assert ('"time"' in spec and "utcFormat" in spec) == (key == "curve_axis")
    assert ('"type": "log"' in spec) == (key == "curve_log")


def test_a_wrong_number_of_slots_is_said_on_the_page(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HRNN_STUDIO_SLOTS", "many")
    app = opened("train", log=dataset.id)
    press(app, "train_start")
    assert "unset it for one slot" in texts(app).replace("\\", "")
