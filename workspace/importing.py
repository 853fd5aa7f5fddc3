"""From a file to a dataset, and from a dataset to a part of it, kept in a folder of its own."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hrnn.data.cleaning import clean
from hrnn.data.interactions import Interactions
from hrnn.data.mapping import guess_title
from hrnn.data.reading import READING_STEPS, read_interactions
from hrnn.data.tables import Source
from workspace.datasets import COMPLETE, ITEMS, USERS, Dataset, open_dataset
from workspace.filterings import Filtering, open_filtering
from workspace.home import WorkspaceError, new_id, now_text, write_folder, write_json
from workspace.imports import ASK, Import, open_import
from workspace.items import DESCRIPTIONS, described_alike, items_of
from workspace.jobs import Steps
from workspace.tasks import State
from workspace.working import work

_CANCELLED = "it was cancelled, so nothing was kept"


def import_log(
    owner: str,
    source: Source,
    name: str,
    columns: Mapping[str, str | None] | None = None,
    title_column: str | None = None,
    dayfirst: bool | None = None,
    note: str = "",
    category_column: str | None = None,
) -> Dataset:
    """Read a log and keep it; nothing is kept of one that cannot be read.

    Args:
        owner: whose it is.
        source: a path, bytes, a binary file object or a DataFrame.
        name: what to call it.
        columns: role → column; what is not named is guessed.
        title_column: the column that names the items; guessed if None.
        dayfirst: order of day and month, where the column does not decide.
        note: what has to be said wherever the log is shown.
        category_column: the column with the items' categories, if any.

    Raises:
        DataError: the log cannot be read.
        WorkspaceError: the home cannot be written.
    """
    data = read_interactions(source, columns, dayfirst=dayfirst)
    others = [column for column, one in data.report.columns.items() if one.role is None]
    title = title_column or guess_title(others)
    items = items_of(data, {"title": title, "category": category_column})
    return keep(owner, data, name, items, title, note)


def run_import(owner: str, made: str) -> None:
    """Do an import to its end: what a worker does."""
    job = open_import(owner, made)
    work(job, lambda: _imported(job), threading.Event(), _CANCELLED)


def _imported(job: Import) -> dict[str, Any]:
    settings = job.settings
    say = Steps(job, READING_STEPS + 1).say
    data = read_interactions(
        job.upload.path,
        settings.columns,
        time_unit=settings.time_unit,
        dayfirst=settings.dayfirst,
        timezone=settings.timezone,
        time_of_day=settings.time_of_day,
        keep_duplicates=settings.keep_duplicates,
        read_as=settings.read_as,
        folder=job.folder,
        say=say,
    )
    codes = {one.code for one in data.report.warnings}
    if settings.dayfirst is None and "AMBIGUOUS_DATES" in codes:
        return {"state": State.STOPPED, "message": ASK}
    say("Writing the log to the disk")
    described = {name: getattr(settings, f"{name}_column") for name in DESCRIPTIONS}
    items = items_of(data, described)
    keep(job.owner, data, job.upload.name, items, settings.title_column, made=job.dataset)
    return {"state": State.FINISHED, "message": ""}


def run_filtering(owner: str, made: str) -> None:
    """Do a filtering to its end: what a worker does."""
    job = open_filtering(owner, made)
    work(job, lambda: _filtered(job), threading.Event(), _CANCELLED)


def _filtered(job: Filtering) -> dict[str, Any]:
    say = Steps(job, 3).say
    say("Reading the log")
    whole = open_dataset(job.owner, job.source)
    data = whole.read()
    say("Filtering")
    cleaned = clean(data, job.settings)
    say("Writing the log to the disk")
    keep(
        job.owner,
        cleaned.data,
        f"{whole.name}, filtered",
        described_alike(cleaned.data, whole.described()),
        whole.title_column,
        whole.note,
        made=job.dataset,
        steps=[*whole.steps, *map(asdict, cleaned.steps[bool(whole.steps) :])],
    )
    return {"state": State.FINISHED, "message": ""}


def keep(
    owner: str,
    data: Interactions,
    name: str,
    items: pa.Table,
    title_column: str | None = None,
    note: str = "",
    made: str | None = None,
    steps: Sequence[dict[str, Any]] = (),
) -> Dataset:
    """Write a log that was read into a folder of its own.

    Args:
        owner: whose it is.
        data: the log.
        name: what to call it.
        items: what is known of the items, see :func:`workspace.items.items_of`.
        title_column: the column that names the items, if any.
        note: what has to be said wherever the log is shown.
        made: the id that the dataset gets; a new one if None.
        steps: how many rows each step of filtering kept.

    Raises:
        WorkspaceError: the home cannot be written.
    """
    dataset = Dataset(
        id=made or new_id(),
        owner=owner,
        name=name,
        made=now_text(),
        interactions=len(data),
        users=len(data.user_ids),
        items=len(data.item_ids),
        rejected=len(data.report.rejected),
        days=float(np.ptp(data.time_us)) / 86_400_000_000,
        title_column=title_column,
        note=note,
        steps=list(steps),
    )

    def write(folder: Path) -> None:
        folder.mkdir(parents=True)
        data.save(folder)
        pq.write_table(items, folder / ITEMS)
        _write_users(data, folder / USERS)
        write_json(folder / COMPLETE, asdict(dataset))

    try:
        write_folder(dataset.folder, write)
    except OSError as error:
        raise WorkspaceError(
            f"the log cannot be written ({error.strerror}); make room on the disk, or set"
            " HRNN_STUDIO_HOME to a folder that can, and import it again"
        ) from None
    return dataset


def _write_users(data: Interactions, path: Path) -> None:
    counts = np.diff(data.user_starts)
    order = np.argsort(-counts, kind="stable")
    pq.write_table(pa.table({"user": data.user_ids[order], "interactions": counts[order]}), path)
