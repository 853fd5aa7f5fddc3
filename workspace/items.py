"""What is known of a log's items: how often each occurs, title, category, address of a picture."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hrnn.data.arrow import pc
from hrnn.data.coded import BLANK, Coded
from hrnn.data.interactions import Interactions
from hrnn.data.tables import Source, load_text
from hrnn.errors import DataError, listed
from workspace.datasets import ITEMS, Dataset
from workspace.home import WorkspaceError, write_file

#: What an item may be described by.
DESCRIPTIONS = ("title", "category", "picture")


def items_of(data: Interactions, columns: Mapping[str, str | None]) -> pa.Table:
    """Describe a log's items by its own columns: the first text that an item has in each.

    Args:
        data: the log.
        columns: what of :data:`DESCRIPTIONS` → column; what is not named stays empty.

    Raises:
        DataError: there is no such column to describe items by.
    """
    made: dict[str, Any] = _counted(data)
    for name in DESCRIPTIONS:
        column = columns.get(name)
        if column is not None and column not in data.table.column_names:
            raise DataError(
                f"column {column!r} has another meaning already, so it cannot name the items;"
                " choose another, or none"
            )
        made[name] = _first_of_each_item(data, column)
    return pa.table(made)


def described_alike(data: Interactions, items: pa.Table) -> pa.Table:
    """Describe the items of a log as those of the log that it is a part of."""
    at = pc.index_in(pa.array(data.item_ids, pa.string()), items["item"].combine_chunks())
    return pa.table({**_counted(data), **{name: items[name].take(at) for name in DESCRIPTIONS}})


def add_items(dataset: Dataset, source: Source, columns: Mapping[str, str | None]) -> int:
    """Describe a log's items by a file of items; what the file leaves blank stays as it was.

    Args:
        dataset: the log.
        source: the file.
        columns: "item" and what of :data:`DESCRIPTIONS` it has → column.

    Returns:
        How many of the log's items are in the file.

    Raises:
        DataError: the file cannot be read, or holds none of the items.
        WorkspaceError: the disk is full.
    """
    text = load_text(source)
    items = dataset.described()

    def of_file(name: str) -> Coded:
        column = columns.get(name)
        if column not in text.names:
            raise DataError(f"there is no column {column!r}; the file has {listed(text.names)}")
        return Coded.of(text.column(column))

    ids = of_file("item")
    row_of = np.full(len(ids.values), -1)
    row_of[ids.code[::-1]] = np.arange(len(ids.code))[::-1]  # the first row of an id stays
    place = pc.index_in(items["item"].combine_chunks(), ids.values)
    known = place.is_valid().to_numpy(zero_copy_only=False)
    if not known.any():
        raise DataError(
            f"none of the log's {len(known):,} items is in the file ({len(ids.values):,} ids there,"
            f" such as {listed(ids.values.to_pylist(), 3)}); check which column is the item"
        )
    row = row_of[place.fill_null(0).to_numpy(zero_copy_only=False)]
    for name in DESCRIPTIONS:
        if columns.get(name) is None:
            continue
        cells = of_file(name)
        code = np.where(known, cells.code[row], BLANK)
        new = pa.array(code, mask=code == BLANK)
        filled = pc.coalesce(cells.values.take(new), items[name].combine_chunks())
        items = items.set_column(items.column_names.index(name), name, filled)
    try:
        write_file(dataset.folder / ITEMS, lambda path: pq.write_table(items, path))
    except OSError as error:
        raise WorkspaceError(
            f"the items could not be kept ({error.strerror}); make room on the disk"
        ) from None
    return int(known.sum())


def _counted(data: Interactions) -> dict[str, Any]:
    return {
        "item": pa.array(data.item_ids, pa.string()),
        "interactions": pa.array(np.bincount(data.item_index, minlength=len(data.item_ids))),
    }


def _first_of_each_item(data: Interactions, column: str | None) -> pa.Array:
    if column is None:
        return pa.nulls(len(data.item_ids), pa.string())
    cells = Coded.of(data.table[column])
    filled = np.flatnonzero(cells.code != BLANK)[::-1]
    first = np.full(len(data.item_ids), BLANK)
    first[data.item_index[filled]] = cells.code[filled]  # the last write, so the first row, stays
    return cells.values.take(pa.array(first, mask=first == BLANK))
