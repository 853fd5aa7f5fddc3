"""A log that has been read: sorted, typed, with its report."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hrnn.columns import ITEM_ID, OUTCOME, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.data.arrow import pc
from hrnn.data.coded import first_seen
from hrnn.data.report import ImportReport
from hrnn.errors import ConfigError, DataError

_DATA_FILE = "interactions.parquet"


class Interactions:
    """Interactions sorted by user and time, ties in file order.

    Attributes:
        table: Arrow columns USER_ID and ITEM_ID (dictionary of text), TIMESTAMP (microseconds,
            UTC), OUTCOME (double), SESSION_ID (dictionary of text), then the file's other columns.
        report: what the import kept and dropped.
    """

    def __init__(self, table: pa.Table, report: ImportReport) -> None:
        self.table = table
        self.report = report

    def __len__(self) -> int:
        return self.table.num_rows

    def frame(self) -> pd.DataFrame:
        """Return all rows; ids as text, TIMESTAMP as datetime64[us, UTC]."""
        return plain_text(self.table).to_pandas()

    @cached_property
    def user_ids(self) -> np.ndarray:
        """Distinct user ids (object array), in the order of the rows."""
        return self._users[0]

    @cached_property
    def user_index(self) -> np.ndarray:
        """int32 array: the place of each row's user in ``user_ids``; ascending."""
        return self._users[1]

    @cached_property
    def user_starts(self) -> np.ndarray:
        """int64 array of users + 1: rows of user u are ``user_starts[u]:user_starts[u + 1]``."""
        return np.searchsorted(self.user_index, np.arange(len(self.user_ids) + 1))

    @cached_property
    def item_ids(self) -> np.ndarray:
        """Distinct item ids (object array), in order of first appearance."""
        return self._items[0]

    @cached_property
    def item_index(self) -> np.ndarray:
        """int32 array: the place of each row's item in ``item_ids``."""
        return self._items[1]

    @cached_property
    def time_us(self) -> np.ndarray:
        """int64 array: microseconds since the epoch, UTC."""
        return self.table[TIMESTAMP].cast(pa.int64()).to_numpy()

    @cached_property
    def outcome(self) -> np.ndarray:
        """float64 array: the outcomes, NaN where none was observed."""
        return self.table[OUTCOME].to_numpy()

    @cached_property
    def session_index(self) -> np.ndarray | None:
        """int64 array: a number for each distinct SESSION_ID, -1 for none; None without any."""
        column = self.table[SESSION_ID]
        if column.null_count == len(column):
            return None
        codes = pc.fill_null(column.combine_chunks().indices.cast(pa.int64()), -1)
        return codes.to_numpy(zero_copy_only=False)

    def take(self, rows: np.ndarray) -> "Interactions":
        """Keep some rows (a boolean mask or ascending positions); the report stays that of all."""
        chosen = self.table.filter(rows) if rows.dtype == bool else self.table.take(rows)
        return Interactions(chosen, self.report)

    def with_outcome(self, outcome: np.ndarray) -> "Interactions":
        """Return these rows with other outcomes (float64 [rows], NaN for not observed)."""
        place = self.table.column_names.index(OUTCOME)
        values = pa.array(outcome, pa.float64())
        return Interactions(self.table.set_column(place, OUTCOME, values), self.report)

    def slice(self, start: int, stop: int) -> "Interactions":
        """Keep the rows from one place up to another, without copying them."""
        return Interactions(self.table.slice(start, stop - start), self.report)

    def of_user(self, user_id: str) -> "Interactions":
        """Keep the rows of one user; none if the user is unknown."""
        place = np.flatnonzero(self.user_ids == user_id)
        if not len(place):
            return self.slice(0, 0)
        return self.slice(*self.user_starts[place[0] : place[0] + 2].tolist())

    def merged(self, other: "Interactions") -> "Interactions":
        """Put the rows of another log among these; where times tie, these come first."""
        names = [USER_ID, ITEM_ID, TIMESTAMP, OUTCOME, SESSION_ID]
        both = pa.concat_tables([plain_text(one.table.select(names)) for one in (self, other)])
        order = pc.sort_indices(both, [(USER_ID, "ascending"), (TIMESTAMP, "ascending")])
        table = both.take(order)
        for name in (USER_ID, ITEM_ID, SESSION_ID):
            coded = table[name].dictionary_encode()
            table = table.set_column(names.index(name), name, coded)
        return Interactions(table.combine_chunks(), self.report)

    def save(self, folder: Path) -> None:
        """Write the rows and the report into a folder."""
        # Half the time and the size of what Parquet does by itself.
        pq.write_table(
            self.table,
            folder / _DATA_FILE,
            compression="lz4",
            use_dictionary=[  # pyright: ignore[reportArgumentType]
                one.name for one in self.table.schema if pa.types.is_dictionary(one.type)
            ],
            column_encoding={TIMESTAMP: "DELTA_BINARY_PACKED"},
        )
        self.report.save(folder)

    @classmethod
    def open(cls, folder: Path) -> "Interactions":
        """Read what :meth:`save` wrote.

        Raises:
            DataError: the folder is incomplete or damaged.
        """
        try:
            return cls(pq.read_table(folder / _DATA_FILE), ImportReport.open(folder))
        except (OSError, pa.ArrowInvalid, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"the dataset in {folder.name} is damaged ({error}); import it again"
            ) from None

    @cached_property
    def _users(self) -> tuple[np.ndarray, np.ndarray]:
        return self._dictionary(USER_ID)

    @cached_property
    def _items(self) -> tuple[np.ndarray, np.ndarray]:
        return self._dictionary(ITEM_ID)

    def _dictionary(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Distinct values present, in order of first appearance, and each row's place in them."""
        encoded: Any = self.table[name].unify_dictionaries().combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):  # no chunk at all: an empty table
            return np.empty(0, object), np.empty(0, np.int32)
        codes = encoded.indices.to_numpy(zero_copy_only=False)
        places, present = first_seen(codes, len(encoded.dictionary))
        values = encoded.dictionary.take(present).to_numpy(zero_copy_only=False)
        return values.astype(object), places


def plain_text(table: pa.Table) -> pa.Table:
    """Turn dictionary columns back into text."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            text = table.column(place).cast(pa.string())
            table = table.set_column(place, field.name, text)
    return table


def check_read(data: object) -> None:
    """Do nothing with interactions that have been read.

    Raises:
        ConfigError: they are a DataFrame, or another thing.
    """
    if not isinstance(data, Interactions):
        raise ConfigError(
            f"data is of type {type(data).__name__}; read it first: hrnn.read_interactions(data)"
        )
