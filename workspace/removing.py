"""Removing a log."""

import shutil

from workspace.datasets import KIND, Dataset
from workspace.evaluations import list_evaluations
from workspace.home import WorkspaceError, folder_of
from workspace.runs import list_runs


def remove_log(dataset: Dataset) -> None:
    """Remove a log's folder, and nothing else.

    Raises:
        WorkspaceError: runs or evaluations are of it, or its folder cannot be removed.
    """
    tasks = (*list_runs(dataset.owner), *list_evaluations(dataset.owner))
    used = sum(one.dataset == dataset.id for one in tasks)
    if used:
        raise WorkspaceError(
            f"{used:,} {'run or evaluation is' if used == 1 else 'runs and evaluations are'} of the"
            f" log {dataset.name!r}; delete {'it' if used == 1 else 'them'} first"
        )
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
