"""Trying timeouts on the Sessions page."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from hrnn.training.config import PRESETS, SplitConfig
from tests.pages.app import QUICK, keys, opened, press, texts
from ui.trials import trial_words
from workspace.datasets import Dataset
from workspace.importing import import_log
from workspace.launcher import Launcher
from workspace.runs import Run, list_runs
from workspace.tasks import Task
from workspace.trials import create_trial


def test_chosen_timeouts_are_queued_as_runs(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id, timeout_minutes=7)
    assert 7.0 in app.multiselect(key="trial_minutes").value
    app.multiselect(key="trial_minutes").set_value([7.0]).run()
    assert app.button(key="trial_go").disabled
    app.multiselect(key="trial_minutes").set_value([7.0, 60.0]).run()
    press(app, "trial_go")
    runs = list_runs("local")
    for run in runs:
        Launcher().stop(run)
    assert {run.experiment.timeout_minutes for run in runs} == {7, 60}
    for run in runs:
        assert run.experiment.training == PRESETS["quick"]
        assert run.experiment.measured_on == "validation"


def test_what_was_tried_is_drawn_with_intervals_and_said(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    for run in create_trial(dataset, SplitConfig(), [2.0, 30.0], QUICK):
        done(run)
    app = opened("sessions", log=dataset.id)
    said = texts(app).replace("\\", "")
    assert "best: 0." in said
    assert "leave-last-out on validation rows, 6 held-out interactions of 6 users" in said


def test_what_is_still_to_come_can_be_cancelled(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    first, _ = create_trial(dataset, SplitConfig(), [2.0, 30.0], QUICK)
    done(first)
    app = opened("sessions", log=dataset.id)
    assert "So far: **2 min** has" in texts(app)
    press(app, "trial_cancel")
    assert "**2 min** has" in texts(app)
    assert "So far" not in texts(app)
    assert "trial_cancel" not in keys(app, "button")


def test_runs_that_try_a_timeout_are_not_the_current_model(
    run: Run, dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    for one in create_trial(dataset, SplitConfig(), [2.0], QUICK):
        done(one)
    app = opened("train", log=dataset.id)
    assert app.selectbox(key="run_pick").value == run.id


def test_a_log_that_is_too_short_says_so_and_queues_nothing(home: Path) -> None:
    rows = "".join(f"u{user},{item},{60 * at}\n" for user in "ab" for at, item in enumerate("xyz"))
    made = import_log("local", f"user,item,time\n{rows}".encode(), "short")
    app = press(opened("sessions", log=made.id), "trial_go")
    assert "put aside, no user has three interactions" in app.error[0].value
    assert list_runs("local") == []


def test_soft_outcomes_are_taken_as_positives(home: Path) -> None:
    rows = "".join(
        f"u{user},{item},{60 * at},0.{at + 1}\n"
        for user in "abc"
        for at, item in enumerate("wxyzw")
    )
    made = import_log("local", f"user,item,time,outcome\n{rows}".encode(), "soft")
    app = opened("sessions", log=made.id)
    assert "Every outcome above 0 counts as a positive" in texts(app)
    press(app, "trial_go")
    for run in list_runs("local"):
        Launcher().stop(run)
        assert run.experiment.outcomes == "positives"


def test_a_timeout_without_figures_is_said_and_none_is_the_best_of_one(
    dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    runs = create_trial(dataset, SplitConfig(), [2.0, 30.0], QUICK)
    for run in runs:
        done(run)
    (runs[1].report_folder / "report.json").unlink()
    for file in runs[1].report_folder.iterdir():
        file.unlink()
    runs[1].report_folder.rmdir()
    app = opened("sessions", log=dataset.id)
    assert "1 timeout without figures" in app.warning[0].value
    assert "there is nothing yet to compare it with" in texts(app)


def test_timeouts_of_the_same_words_are_told_apart(dataset: Dataset) -> None:
    app = opened("sessions", log=dataset.id, timeout_minutes=30.3)
    options = app.multiselect(key="trial_minutes").options
    assert len(set(options)) == len(options)
    assert {"30 min", "30.3 min"} <= set(options)


def test_all_of_several_best_timeouts_are_named() -> None:
    found = pd.DataFrame(
        {
            "SETTING": [5.0, 30.0, 60.0, 120.0],
            "VALUE": [0.1, 0.2, 0.2, 0.19],
            "LOW": [0.0, 0.1, 0.1, 0.1],
            "HIGH": [0.2, 0.3, 0.3, 0.3],
            "BEHIND": [0.1, 0.0, 0.0, 0.01],
            "BEHIND_LOW": [0.05, 0.0, 0.0, -0.01],
        }
    )
    assert trial_words(found) == (
        "**30 min, 60 min** are all best: 0.200 (0.100–0.300). As good, for all these figures say:"
        " 2 h. Behind beyond doubt: 5 min."
    )
