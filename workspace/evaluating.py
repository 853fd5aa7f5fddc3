"""What a worker does for an evaluation: fit the baselines, open the runs, measure all alike."""

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hrnn.evaluation.splits import split_for
from hrnn.training.config import ExperimentConfig
from workspace.datasets import open_dataset
from workspace.evaluations import (
    WITHOUT,
    Evaluation,
    EvaluationConfig,
    as_peer,
    open_evaluation,
)
from workspace.home import WorkspaceError, write_folder
from workspace.jobs import Steps
from workspace.launcher import worker_threads
from workspace.runs import Run, open_run
from workspace.tasks import State
from workspace.working import work

if TYPE_CHECKING:
    from hrnn.evaluation.questions import Ranking

_STOPPED = "it was stopped before the figures were complete"


def run_evaluation(owner: str, made: str) -> None:
    """Do an evaluation to its end."""
    evaluation = open_evaluation(owner, made)
    work(evaluation, lambda: _measured(evaluation), threading.Event(), _STOPPED)


def _measured(evaluation: Evaluation) -> dict[str, Any]:
    from hrnn import load  # noqa: PLC0415 - brings torch
    from hrnn.evaluation.protocol import measure  # noqa: PLC0415
    from hrnn.experiment import make_baseline, train_experiment, use_threads  # noqa: PLC0415

    use_threads(worker_threads())
    settings, cut = evaluation.settings, evaluation.settings.split
    runs = [open_run(evaluation.owner, made) for made in settings.runs]
    alike = {run.id: _alike(run, settings) for run in runs}
    trainings = sum(map(len, alike.values()))
    derived = {f"{run.name}, {words}" for run in runs for words in alike[run.id]}
    # What was asked for is written last: it completes the job.
    beside: tuple[Ranking, ...] = ("sampled",) if settings.also_sampled else ()
    rankings = (*(beside if settings.ranking == "full" else ()), settings.ranking)
    steps = 1 + trainings + len(settings.baselines) + len(rankings)
    say = Steps(evaluation, steps).say
    say("Reading and splitting the log")
    data = open_dataset(evaluation.owner, evaluation.dataset).read()
    split = split_for(data, cut)
    models: dict[str, Any] = {}
    called: dict[str, str] = {}
    for run in runs:
        if not run.has_model():
            raise WorkspaceError(f"run {run.name!r} has no model; choose runs that have one")
        taken = run.name in (*models, *settings.baselines, *derived)
        name = f"{run.name} ({run.id})" if taken else run.name
        models[name], called[name] = load(run.model_folder), run.id
        for words, experiment in alike[run.id].items():
            say(f"Training a model like {name}: {words}")
            models[f"{name}, {words}"] = train_experiment(data, experiment).model
        if WITHOUT in alike[run.id]:
            models[f"{name}, user state zeroed"] = models[name].without_user_state()
    for name in settings.baselines:
        say(f"Fitting {name}")
        models[name] = make_baseline(name, cut)
        models[name].fit(*split.known(), split=split.name)
    for ranking in rankings:
        say(f"Asking every model about every held-out interaction, {ranking} ranking")
        report = measure(
            models,
            split,
            ranking,
            settings.k,
            settings.exclude_seen,
            settings.targets,
            settings.seed,
        )
        assert report is not None  # a stop ends the process, nothing else stops it
        main = ranking == settings.ranking
        write_folder(evaluation.report_folder if main else evaluation.sampled_folder, report.save)
    return {"state": State.FINISHED, "message": "", "called": called}


def _alike(run: Run, settings: EvaluationConfig) -> dict[str, ExperimentConfig]:
    """Return the trainings that differ from an HRNN run's in one point, and in words which."""
    own = run.experiment
    if own.model != "hrnn":
        return {}
    found = {as_peer(peer): replace(own, model=peer) for peer in settings.peers}  # pyright: ignore
    if settings.twins and own.training.user_state != "none":
        training = replace(own.training, user_state="none")  # pyright: ignore
        found[WITHOUT] = replace(own, training=training)  # pyright: ignore
    return found
