"""A filtering: a log made of a part of another, in a job of its own."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from hrnn.data.cleaning import CleaningConfig
from workspace.datasets import Dataset
from workspace.home import new_folder, now_text, write_json
from workspace.jobs import Job, check_job
from workspace.tasks import CONFIG, open_task

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
    folder = new_folder(whole.owner, Filtering.kind)
    facts = {
        "job": JOB,
        "made": now_text(),
        "source": whole.id,
        "dataset_name": whole.name,
        "settings": asdict(settings),  # pyright: ignore[reportArgumentType]
    }
    write_json(folder / CONFIG, facts)
    return _made_of(whole.owner, folder.name, facts)


def open_filtering(owner: str, made: str) -> Filtering:
    """Find a filtering by its id.

    Raises:
        WorkspaceError: there is none, or its settings cannot be read.
    """
    return open_task(owner, Filtering.kind, made, _made_of)


def _made_of(owner: str, made: str, facts: Mapping[str, Any]) -> Filtering:
    check_job(facts, JOB)
    return Filtering(
        id=made,
        owner=owner,
        made=facts["made"],
        dataset=made,
        dataset_name=facts["dataset_name"],
        source=facts["source"],
        settings=CleaningConfig(**facts["settings"]),
    )
