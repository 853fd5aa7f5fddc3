"""An evaluation: trained runs and baselines, measured side by side in a job of its own."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from hrnn.config import config
from hrnn.training.config import MODEL_NAMES, Count, ModelName, SplitConfig
from workspace.datasets import Dataset, open_dataset
from workspace.jobs import Job, create_job, list_jobs, open_job
from workspace.runs import Run, open_run
from workspace.tasks import Facts, State

#: What its settings call it, among the jobs.
JOB = "evaluation"
#: Names of all baselines, for pages that must not bring torch; equal to those of hrnn.baselines.
BASELINES = ("popularity", "own popularity", "co-occurrence", "session kNN")
REPORT, SAMPLED = "report", "report_sampled"
#: What a model is called, behind its run's name, that was trained like it in all but one point.
WITHOUT = "trained without user state"


def as_peer(model: ModelName) -> str:
    """Say that a model was trained with the settings of a run of another model."""
    return f"as {MODEL_NAMES[model]}"


@config
class EvaluationConfig:
    """What is measured, and how.

    Attributes:
        runs: ids of trained runs.
        baselines: names in :data:`hrnn.baselines.BASELINES`, fitted on the split.
        twins: whether each HRNN with a user state is trained once more without one.
        peers: other models that are trained beside each HRNN, with its settings.
        split: how outcomes are taken, sessions cut and rows held out.
        ranking: "full" or "sampled".
        also_sampled: whether a full ranking is followed by a sampled one, to show beside it.
        k: cut-offs.
        exclude_seen: whether items of the history are left out of the ranking.
        targets: "all" interactions held out, or the "first" ones of sessions.
        seed: of bootstrap and sampled ranking.
    """

    runs: tuple[str, ...] = ()
    baselines: tuple[str, ...] = BASELINES
    twins: bool = False
    peers: tuple[Literal["flat_gru", "sasrec"], ...] = ()
    split: SplitConfig = SplitConfig()
    ranking: Literal["full", "sampled"] = "full"
    also_sampled: bool = True
    k: Annotated[tuple[Count, ...], Field(min_length=1)] = (5, 10, 20)
    exclude_seen: bool = True
    targets: Literal["all", "first"] = "all"
    seed: Annotated[int, Field(ge=0)] = 0


def to_decide(run: Run) -> EvaluationConfig:
    """Return what has to be measured before anybody can say whether an HRNN run pays."""
    return EvaluationConfig(runs=(run.id,), peers=("flat_gru",), split=run.experiment.cut)


def decides(settings: EvaluationConfig, run: Run) -> bool:
    """Say whether an evaluation measures what a verdict on an HRNN run needs, or more beside it."""
    wanted = to_decide(run)
    lead = replace(settings, runs=settings.runs[:1], also_sampled=wanted.also_sampled)
    beside = {"baselines": wanted.baselines, "peers": wanted.peers}
    enough = all(set(names) <= set(getattr(settings, what)) for what, names in beside.items())
    return enough and replace(lead, twins=wanted.twins, **beside) == wanted


@dataclass(frozen=True)
class Evaluation(Job):
    """An evaluation that was asked for."""

    settings: EvaluationConfig

    @property
    def report_folder(self) -> Path:
        """Where the figures lie once it is finished."""
        return self.folder / REPORT

    @property
    def sampled_folder(self) -> Path:
        """Where the sampled figures lie, if they were made beside full ones."""
        return self.folder / SAMPLED


def create_evaluation(dataset: Dataset, settings: EvaluationConfig) -> Evaluation:
    """Ask for an evaluation; it is queued until a launcher starts it.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    known = {"dataset": dataset.id, "dataset_name": dataset.name}
    return create_job(dataset.owner, JOB, _made_of, settings, **known)


def verdict_wanted(owner: str, made: str) -> Evaluation | None:
    """Ask for the evaluation of a run that has just ended, if it was to be decided about.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    run = open_run(owner, made)
    finished = run.state(worker=False) == State.FINISHED and run.report_folder.exists()
    if not (run.decides and finished and run.experiment.model == "hrnn"):
        return None
    return create_evaluation(open_dataset(owner, run.dataset), to_decide(run))


def list_evaluations(owner: str) -> list[Evaluation]:
    """Return the evaluations whose settings can be read, the newest first."""
    return list_jobs(owner, JOB, _made_of)


def open_evaluation(owner: str, made: str) -> Evaluation:
    """Find an evaluation by its id.

    Raises:
        WorkspaceError: there is none, or its settings cannot be read.
    """
    return open_job(owner, JOB, made, _made_of)


def _made_of(owner: str, made: str, facts: Facts) -> Evaluation:
    plain = dict(facts["settings"])
    settings = EvaluationConfig(**{**plain, "split": SplitConfig(**plain["split"])})
    own = {key: facts[key] for key in ("made", "dataset", "dataset_name")}
    return Evaluation(id=made, owner=owner, settings=settings, **own)
