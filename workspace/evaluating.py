"""What a worker does for an evaluation: fit the baselines, open the runs, measure all alike."""

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hrnn.data.interactions import Interactions
from hrnn.evaluation.splits import split_for
from workspace.datasets import open_dataset
from workspace.evaluations import Evaluation, open_evaluation
from workspace.home import WorkspaceError, write_folder
from workspace.jobs import Steps
from workspace.launcher import worker_threads
from workspace.runs import Run, open_run
from workspace.tasks import State
from workspace.working import work

if TYPE_CHECKING:
    from hrnn.recommend.base import Recommender

_STOPPED = "it was stopped before the figures were complete"


def run_evaluation(owner: str, made: str) -> None:
    """Do an evaluation to its end."""
    evaluation = open_evaluation(owner, made)
    work(evaluation, lambda: _measured(evaluation), threading.Event(), _STOPPED)


def _measured(evaluation: Evaluation) -> dict[str, Any]:
    from hrnn import load  # noqa: PLC0415 - brings torch
    from hrnn.evaluation.protocol import measure  # noqa: PLC0415
    from hrnn.experiment import make_baseline, use_threads  # noqa: PLC0415

    use_threads(worker_threads())
    settings, cut = evaluation.settings, evaluation.settings.split
    runs = [open_run(evaluation.owner, made) for made in settings.runs]
    twins = [run for run in runs if settings.twins and run.experiment.training.user_state != "none"]
    say = Steps(evaluation, 2 + len(twins) + len(settings.baselines)).say
    say("Reading and splitting the log")
    data = open_dataset(evaluation.owner, evaluation.dataset).read()
    split = split_for(data, cut)
    models: dict[str, Any] = {}
    for run in runs:
        if not run.has_model():
            raise WorkspaceError(f"run {run.name!r} has no model; choose runs that have one")
        taken = run.name in (*models, *settings.baselines)
        name = f"{run.name} ({run.id})" if taken else run.name
        models[name] = load(run.model_folder)
        if run in twins:
            say(f"Training {name} once more without a user state")
            models[f"{name}, trained without user state"] = _twin(run, data)
            models[f"{name}, user state zeroed"] = models[name].without_user_state()
    for name in settings.baselines:
        say(f"Fitting {name}")
        models[name] = make_baseline(name, cut)
        models[name].fit(*split.known(), split=split.name)
    say("Asking every model about every held-out interaction")
    report = measure(
        models,
        split,
        settings.ranking,
        settings.k,
        settings.exclude_seen,
        settings.targets,
        settings.seed,
    )
    assert report is not None  # a stop ends the process, nothing else stops it
    write_folder(evaluation.report_folder, report.save)
    return {"state": State.FINISHED, "message": ""}


def _twin(run: Run, data: Interactions) -> "Recommender":
    """Train a run's model again, alike in all but the user state."""
    from hrnn.experiment import train_experiment  # noqa: PLC0415 - brings torch

    training = replace(run.experiment.training, user_state="none")  # pyright: ignore
    return train_experiment(data, replace(run.experiment, training=training)).model  # pyright: ignore
