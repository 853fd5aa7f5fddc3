"""Datasets as the guide names them: an interaction log and a catalogue, from a path or a frame."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from hrnn.columns import ITEM_ID
from hrnn.data.interactions import Interactions
from hrnn.data.reading import BLANKS, read_interactions
from hrnn.data.tables import load_text
from hrnn.errors import DataError, listed


class InteractionsDataset:
    """A log of interactions, read when it is first needed.

    Args:
        data_location: path of a CSV or Parquet file, a DataFrame, or interactions already read.
        columns: role → column, for columns that cannot be guessed.
    """

    def __init__(
        self,
        data_location: str | Path | pd.DataFrame | Interactions,
        columns: Mapping[str, str | None] | None = None,
    ) -> None:
        self._source = data_location
        self._columns = columns

    @cached_property
    def data(self) -> Interactions:
        """The interactions, with the report of their import."""
        if isinstance(self._source, Interactions):
            return self._source
        return read_interactions(self._source, self._columns)


class ItemsDataset:
    """A catalogue: an ITEM_ID column, and whatever else describes the items.

    Args:
        data_location: path of a CSV or Parquet file, or a DataFrame.
    """

    def __init__(self, data_location: str | Path | pd.DataFrame) -> None:
        self._source = data_location

    @cached_property
    def item_ids(self) -> list[str]:
        """Distinct ids as text, in the order of the source.

        Raises:
            DataError: there is no ITEM_ID column, or an id is missing or stands twice.
        """
        text = load_text(self._source)
        if ITEM_ID not in text.names:
            raise DataError(f"the items need a column {ITEM_ID}; there is {listed(text.names)}")
        raw = text.table[f"c{text.names.index(ITEM_ID)}"].to_pylist()
        ids = [(value or "").strip(BLANKS) for value in raw]
        missing = sum(not value for value in ids)
        if missing:
            raise DataError(
                f"{missing:,} of {len(ids):,} items have no {ITEM_ID}; remove those rows"
            )
        if len(set(ids)) < len(ids):
            seen: set[str] = set()
            twice = [value for value in ids if value in seen or seen.add(value)]
            raise DataError(
                f"{len(twice):,} ids stand more than once among the items ({listed(twice, 3)});"
                " keep one row an item"
            )
        return ids
