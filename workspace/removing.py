"""Removing a log."""

import shutil

from workspace.datasets import KIND, Dataset
from workspace.evaluations import list_evaluations
from workspace.home import WorkspaceError, folder_of
from workspace.jobs import Job
from workspace.launcher import Launcher
from workspace.recommendations import list_recommendations
from workspace.runs import list_runs


def check_removable(dataset: Dataset, spared: str | None = None) -> None:
    """Check that a log can be removed.

    Args:
        dataset: the log.
        spared: id of a run that goes before the log does.

    Raises:
        WorkspaceError: other runs are of the log, or something is still at work on it.
    """
    runs = [one for one in list_runs(dataset.owner) if one.dataset == dataset.id]
    if used := sum(run.id != spared for run in runs):
        raise WorkspaceError(
            f"{used:,} {'run is' if used == 1 else 'runs are'} of the log {dataset.name!r};"
            f" delete {'it' if used == 1 else 'them'} on the Train page first"
        )
    if any(one.goes_on() for one in _made_of(dataset)):
        raise WorkspaceError(
            f"something is still at work on the log {dataset.name!r}: an evaluation, or"
            " recommendations to all its users; cancel it first"
        )


def remove_log(dataset: Dataset) -> None:
    """Remove a log, with the evaluations and recommendations that were made of it.

    Raises:
        WorkspaceError: it must stay (:func:`check_removable`), or a folder cannot be removed.
    """
    check_removable(dataset)
    for one in _made_of(dataset):
        Launcher().stop(one)  # one that was asked for only
        Launcher().delete(one)
    aside = folder_of(dataset.owner, "removed") / f"{KIND}-{dataset.id}"
    try:  # moved first: a log that is half removed must not be listed
        aside.parent.mkdir(exist_ok=True)
        dataset.folder.rename(aside)
        shutil.rmtree(aside)
    except OSError as error:
        left = aside if aside.exists() else dataset.folder
        raise WorkspaceError(
            f"{left} cannot be removed ({error.strerror}); remove it by hand"
        ) from None


def _made_of(dataset: Dataset) -> list[Job]:
    made = (*list_evaluations(dataset.owner), *list_recommendations(dataset.owner))
    return [one for one in made if one.dataset == dataset.id]
