"""Recommendations for all users of a log, made by a run's model in a job of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from hrnn.config import config
from hrnn.training.config import SplitConfig
from workspace.datasets import Dataset
from workspace.jobs import Job, create_job, list_jobs, open_job
from workspace.tasks import Facts

#: What its settings call it, among the jobs.
JOB = "recommendations"
PARQUET, ZIPPED_CSV = "recommendations.parquet", "recommendations.zip"


@config
class RecommendationsConfig:
    """What is recommended to every user of a log.

    Attributes:
        run: id of a trained run.
        top_k: items a user, at most.
        start: "continue" each user's last session, begin a "new" one, or "auto": new for those
            whose last interaction lies further before the log's last one than the timeout.
        exclude_seen: whether items that the user has in the log are left out.
    """

    run: str
    top_k: Annotated[int, Field(ge=1, le=1000)] = 10
    start: Literal["auto", "continue", "new"] = "auto"
    exclude_seen: bool = False


@dataclass(frozen=True)
class Recommendations(Job):
    """Recommendations that were asked for.

    Attributes:
        run_name: what the run was called then.
        settings: what is recommended.
    """

    run_name: str
    settings: RecommendationsConfig

    @property
    def parquet(self) -> Path:
        """The recommendations as Parquet, once they are finished."""
        return self.folder / PARQUET

    @property
    def zipped_csv(self) -> Path:
        """The same as CSV, in a ZIP beside their settings."""
        return self.folder / ZIPPED_CSV


def history_words(cut: SplitConfig) -> str:
    """Say what the lists of a run follow from, and what of it its model has not learned."""
    rows = "all positive interactions" if cut.outcomes == "positives" else "all interactions"
    learned = (
        "The model has learned from all of them."
        if cut.split == "all_rows"
        else "What was held out is history too, though the model has not learned from it."
    )
    return f"For use, not for measuring: each list follows {rows} of a user in the log. {learned}"


def create_recommendations(
    dataset: Dataset, run_name: str, settings: RecommendationsConfig
) -> Recommendations:
    """Ask for recommendations; they are queued until a launcher starts them.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    known = {"dataset": dataset.id, "dataset_name": dataset.name, "run_name": run_name}
    return create_job(dataset.owner, JOB, _made_of, settings, **known)


def list_recommendations(owner: str) -> list[Recommendations]:
    """Return the recommendations whose settings can be read, the newest first."""
    return list_jobs(owner, JOB, _made_of)


def open_recommendations(owner: str, made: str) -> Recommendations:
    """Find recommendations by their id.

    Raises:
        WorkspaceError: there are none, or their settings cannot be read.
    """
    return open_job(owner, JOB, made, _made_of)


def _made_of(owner: str, made: str, facts: Facts) -> Recommendations:
    own = {key: facts[key] for key in ("made", "dataset", "dataset_name", "run_name")}
    settings = RecommendationsConfig(**facts["settings"])
    return Recommendations(id=made, owner=owner, settings=settings, **own)
