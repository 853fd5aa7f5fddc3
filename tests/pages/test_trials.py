"""Trying timeouts on the Sessions page."""

from collections.abc import Callable

from hrnn.training.config import PRESETS, SplitConfig
from tests.pages.app import QUICK, opened, press, texts
from workspace.datasets import Dataset
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
    assert "is best: 0." in said
    assert "leave-last-out on validation rows, 6 held-out interactions of 6 users" in said


def test_runs_that_try_a_timeout_are_not_the_current_model(
    run: Run, dataset: Dataset, done: Callable[[Task], Task]
) -> None:
    for one in create_trial(dataset, SplitConfig(), [2.0], QUICK):
        done(one)
    app = opened("train", log=dataset.id)
    assert app.selectbox(key="run_pick").value == run.id
