"""From a log to a dataset: read, checked, and kept in a folder of its own."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hrnn.data.interactions import Interactions
from hrnn.data.mapping import guess_title
from hrnn.data.reading import read_interactions
from hrnn.data.tables import Source
from hrnn.errors import DataError
from workspace.datasets import COMPLETE, ITEMS, KIND, USERS, Dataset
from workspace.home import WorkspaceError, new_folder, now_text, write_json


def import_log(
    owner: str,
    source: Source,
    name: str,
    columns: Mapping[str, str | None] | None = None,
    title_column: str | None = None,
    dayfirst: bool | None = None,
    note: str = "",
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

    Raises:
        DataError: the log cannot be read.
        WorkspaceError: the home cannot be written.
    """
    data = read_interactions(source, columns, dayfirst=dayfirst)
    others = [column for column, one in data.report.columns.items() if one.role is None]
    return keep(owner, data, name, title_column or guess_title(others), note)


def keep(
    owner: str, data: Interactions, name: str, title_column: str | None = None, note: str = ""
) -> Dataset:
    """Write a log that was read into a folder of its own.

    Arguments as in :func:`import_log`, but for ``title_column``: None gives no titles.

    Raises:
        DataError: there is no such column to take titles from.
        WorkspaceError: the home cannot be written.
    """
    if title_column is not None and title_column not in data.table.column_names:
        raise DataError(
            f"column {title_column!r} has another meaning already, so it cannot name the items;"
            " choose another for the titles, or none"
        )
    folder = new_folder(owner, KIND)
    try:
        data.save(folder)
        _write_items(data, title_column, folder / ITEMS)
        _write_users(data, folder / USERS)
        dataset = Dataset(
            id=folder.name,
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
        )
        write_json(folder / COMPLETE, asdict(dataset))
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise WorkspaceError(
                f"the log could not be kept ({error.strerror}); make room on the disk and import"
                " it again"
            ) from None
        raise
    return dataset


def _write_items(data: Interactions, title_column: str | None, path: Path) -> None:
    titles = np.full(len(data.item_ids), None, object)
    if title_column is not None:
        values = data.table[title_column].to_numpy()
        filled = np.flatnonzero(values != None)[::-1]  # noqa: E711 - elementwise; the first one stays
        titles[data.item_index[filled]] = values[filled]
    counts = np.bincount(data.item_index, minlength=len(data.item_ids))
    columns = {
        "item": data.item_ids,
        "interactions": counts,
        "title": pa.array(titles, pa.string()),
    }
    pq.write_table(pa.table(columns), path)


def _write_users(data: Interactions, path: Path) -> None:
    counts = np.diff(data.user_starts)
    order = np.argsort(-counts, kind="stable")
    pq.write_table(pa.table({"user": data.user_ids[order], "interactions": counts[order]}), path)
