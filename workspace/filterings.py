"""A filtering: a log made of a part of another, in a job of its own."""

from dataclasses import dataclass

from hrnn.data.cleaning import CleaningConfig
from workspace.datasets import Dataset
from workspace.jobs import Job, create_job, open_job
from workspace.tasks import Facts

#: What its settings call it, among the jobs.
JOB = "filtering"


@dataclass(frozen=True)
class Filtering(Job):
    """A filtering that was asked for; the log that it makes has its id.

    Attributes:
        source: id of the log that it is a part of.
        settings: which part.
    """

    source: str
    settings: CleaningConfig


def create_filtering(whole: Dataset, settings: CleaningConfig) -> Filtering:
    """Ask for a filtering; it is queued until a launcher starts it.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    known = {"source": whole.id, "dataset_name": whole.name}
    return create_job(whole.owner, JOB, _made_of, settings, **known)


def open_filtering(owner: str, made: str) -> Filtering:
    """Find a filtering by its id.

    Raises:
        WorkspaceError: there is none, or its settings cannot be read.
    """
    return open_job(owner, JOB, made, _made_of)


def _made_of(owner: str, made: str, facts: Facts) -> Filtering:
    return Filtering(
        id=made,
        owner=owner,
        made=facts["made"],
        dataset=made,
        dataset_name=facts["dataset_name"],
        source=facts["source"],
        settings=CleaningConfig(**facts["settings"]),
    )
