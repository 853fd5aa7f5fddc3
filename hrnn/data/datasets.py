"""Datasets as the guide names them: an interaction log and a catalogue, from a path or a frame."""

import warnings
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import pandas as pd

from hrnn.columns import ITEM_ID
from hrnn.data.interactions import Interactions
from hrnn.data.reading import read_interactions
from hrnn.data.schema import Schema
from hrnn.data.sql import BLANKS
from hrnn.data.tables import Source, load_text
from hrnn.errors import ConfigError, DataError, listed

#: How deep the caller of ``train`` stands above the warnings given here.
_CALLER = 4


class InteractionsDataset:
    """A log of interactions, read when it is first needed.

    Args:
        data_location: path of a file of interactions, a DataFrame, or interactions already read.
        client_schema_path: a YAML file that declares the columns, or the name of one of
            ``hrnn/data/schemas``; the log is checked against it when it is read.
        columns: role → column, for columns that cannot be guessed.

    Raises:
        ConfigError: the schema is unknown or malformed, or the interactions are already read.
    """

    def __init__(
        self,
        data_location: Source | Interactions,
        client_schema_path: str | Path | None = None,
        columns: Mapping[str, str | None] | None = None,
    ) -> None:
        if isinstance(data_location, Interactions) and (client_schema_path or columns):
            raise ConfigError(
                "client_schema_path and columns say how to read a log, and these interactions are"
                " already read; pass the file or the DataFrame"
            )
        self._source = data_location
        self._schema = None if client_schema_path is None else Schema.open(client_schema_path)
        self._columns = columns

    @cached_property
    def data(self) -> Interactions:
        """The interactions, with the report of their import.

        Rows that are gone and readings that may be wrong are said in a warning each.

        Raises:
            DataError: there is nothing to read, or it is not what the schema declares.
        """
        if isinstance(self._source, Interactions):
            return self._source
        source = self._source
        if self._schema is not None:
            source = _readable_twice(source)
            self._schema.check(load_text(source), self._columns or {})
        data = read_interactions(source, self._columns)
        for words in data.report.caveats():
            warnings.warn(words, stacklevel=_CALLER)
        return data


class ItemsDataset:
    """A catalogue: an ITEM_ID column, and whatever else describes the items.

    Args:
        data_location: path of a file of items, or a DataFrame.
        client_schema_path: a YAML file that declares the columns, or the name of one of
            ``hrnn/data/schemas``; the catalogue is checked against it when it is read.

    Raises:
        ConfigError: the schema is unknown or malformed.
    """

    def __init__(self, data_location: Source, client_schema_path: str | Path | None = None) -> None:
        self._source = data_location
        self._schema = None if client_schema_path is None else Schema.open(client_schema_path)

    @cached_property
    def item_ids(self) -> list[str]:
        """Distinct ids as text, in the order of the source.

        Raises:
            DataError: there is no ITEM_ID column, an id is missing or stands twice, or the
                catalogue is not what the schema declares.
        """
        text = load_text(self._source)
        if self._schema is not None:
            self._schema.check(text)
        if ITEM_ID not in text.names:
            raise DataError(f"the items need a column {ITEM_ID}; there is {listed(text.names)}")
        raw = text.column(ITEM_ID).to_pylist()
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


def _readable_twice(source: Source) -> Source:
    """Take the bytes of a file object, which ends where it was read to."""
    if isinstance(source, str | Path | bytes | pd.DataFrame):
        return source
    read = source.read()
    return read.encode() if isinstance(read, str) else read
