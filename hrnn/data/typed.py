"""Typed tables as text: Parquet, Feather and DataFrames."""

import io
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq

from hrnn.data.arrow import pc
from hrnn.data.json_values import json_text
from hrnn.data.text_table import TextTable, distinct
from hrnn.errors import DataError, listed

_EXACT_INTEGER = 2.0**53
_BATCH = 1 << 20
_COARSE = (pa.float16(), pa.float32())
_UNREADABLE = (pa.ArrowException, OSError, UnicodeDecodeError, ValueError, OverflowError)


def from_parquet(place: Path | bytes, most_rows: int | None) -> TextTable:
    """Read a Parquet file, or the first row groups of it, as text.

    Raises:
        DataError: it is damaged or empty.
    """
    try:
        with pq.ParquetFile(io.BytesIO(place) if isinstance(place, bytes) else place) as file:
            batches = file.iter_batches(batch_size=_BATCH if most_rows is None else most_rows)
            return _of_batches(batches, file.schema_arrow, most_rows, "Parquet")
    except DataError:
        raise
    except _UNREADABLE as error:
        raise DataError(f"the Parquet file is damaged ({error}); export it again") from None


def from_feather(place: Path | bytes, most_rows: int | None) -> TextTable:
    """Read a Feather file or an Arrow stream, or the first batches of it, as text.

    Raises:
        DataError: it is damaged or empty, or of the first version of Feather.
    """
    try:
        source = pa.BufferReader(place) if isinstance(place, bytes) else pa.memory_map(str(place))
        with source:
            head = source.read(4)
            source.seek(0)
            if head == b"FEA1":
                raise DataError(
                    "the file is of the first version of Feather, which nothing writes any more;"
                    " write it again as Feather or as Parquet"
                )
            if head == b"ARRO":
                file = pa.ipc.open_file(source)
                batches = (file.get_batch(one) for one in range(file.num_record_batches))
                return _of_batches(batches, file.schema, most_rows, "Feather")
            stream = pa.ipc.open_stream(source)
            return _of_batches(stream, stream.schema, most_rows, "Arrow stream")
    except DataError:
        raise
    except _UNREADABLE as error:
        raise DataError(f"the Feather file is damaged ({error}); export it again") from None


def from_frame(frame: pd.DataFrame) -> TextTable:
    """Read a DataFrame as text.

    Raises:
        DataError: it is empty, or holds durations.
    """
    columns = [_arrow_of(frame.iloc[:, place]) for place in range(frame.shape[1])]
    table = pa.table(columns, names=[str(name) for name in frame.columns])
    return _of_tables([table], table.schema, "DataFrame")


def _of_batches(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, most_rows: int | None, words: str
) -> TextTable:
    return _of_tables(_first_rows(batches, most_rows), schema, words)


def _first_rows(batches: Iterable[pa.RecordBatch], most: int | None) -> Iterator[pa.Table]:
    rows = 0
    for batch in batches:
        batch.validate(full=True)  # Parquet does not check that its text is UTF-8
        part = pa.Table.from_batches([batch])
        yield part if most is None else part.slice(0, most - rows)
        rows += batch.num_rows
        if most is not None and rows >= most:
            return


def _of_tables(tables: Iterable[pa.Table], schema: pa.Schema, words: str) -> TextTable:
    unfit = [f"{field.name}: {field.type}" for field in schema if pa.types.is_duration(field.type)]
    if unfit:
        raise DataError(
            f"{len(unfit)} of {len(schema)} columns hold durations ({listed(unfit, 3)}); write them"
            " as text or numbers, or leave them out"
        )
    made, rows = [], 0
    for table in tables:
        columns = {f"c{place}": as_text(column) for place, column in enumerate(table.columns)}
        columns["line"] = pa.array(np.arange(rows, rows + table.num_rows, dtype=np.int64) + 2)
        rows += table.num_rows
        made.append(pa.table(columns))
    if not rows or not len(schema):
        raise DataError("the table is empty; pass one with at least one interaction")
    names = distinct(schema.names)
    coarse = (name for name, kind in zip(names, schema.types, strict=True) if kind in _COARSE)
    return TextTable(pa.concat_tables(made), names, format=words, coarse=tuple(coarse))


def _arrow_of(column: pd.Series) -> Any:
    if column.dtype != object:
        try:
            return pa.array(column, from_pandas=True)
        except (pa.ArrowException, TypeError):  # no such type (complex, sparse): as it is printed
            column = column.astype(object)
    column = column.where(column.notna(), None)  # NaT of NumPy among them, which Arrow refuses
    return pa.array(column.map(_cell_text, na_action="ignore"), from_pandas=True)


def _cell_text(value: Any) -> str | None:
    if isinstance(value, float | np.floating):
        return None if value != value else float_text(value)
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, dict | list | tuple):
        return json_text(value)
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, bytes):
        return _bytes_cell(value)
    return str(value)


def float_text(value: float | np.floating) -> str:
    """Write a float as text: a whole one as an integer, with an exponent where it is rounded."""
    if not float(value).is_integer():
        return str(value)
    if abs(value) < _EXACT_INTEGER:
        return str(int(value))
    return np.format_float_scientific(value, trim="-")


def _bytes_cell(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:  # no text
        return value.hex()


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write a typed column as text that reads back to the same values.

    Whole floats become integers, since a float column holds them only for want of a null; times
    keep all digits and their zone; lists and objects become JSON; bytes become text if they are,
    else hexadecimal; a missing value stays null.
    """
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if isinstance(kind, pa.BaseExtensionType):
        return _extension_text(column)
    if pa.types.is_dictionary(kind):
        chunks = [chunk.dictionary_decode() for chunk in column.chunks]
        return as_text(pa.chunked_array(chunks, kind.value_type))
    if pa.types.is_run_end_encoded(kind):
        chunks = [pc.run_end_decode(chunk) for chunk in column.chunks]
        return as_text(pa.chunked_array(chunks, kind.value_type))
    if pa.types.is_interval(kind):  # Arrow has no text of it
        return _texts(column, str)
    if pa.types.is_floating(kind):
        wide = column.cast(pa.float64())
        nan = pc.is_nan(wide)
        wide = pc.if_else(nan, pa.scalar(None, pa.float64()), wide)
        whole = pc.and_(pc.equal(wide, pc.trunc(wide)), pc.less(pc.abs(wide), _EXACT_INTEGER))
        integers = pc.if_else(whole, wide, pa.scalar(None, pa.float64())).cast(pa.int64())
        return pc.coalesce(integers.cast(pa.string()), wide.cast(pa.string()))
    if pa.types.is_timestamp(kind):
        naive = pa.timestamp(kind.unit)
        text = pc.cast(column.cast(naive), pa.string())
        return pc.binary_join_element_wise(text, "Z", "") if kind.tz else text
    if pa.types.is_decimal(kind):
        return pc.replace_substring_regex(column.cast(pa.string()), r"\.0+$", "")
    if pa.types.is_nested(kind):
        return _texts(column, json_text)
    if "binary" in str(kind):
        return _bytes_text(column)
    return column.cast(pa.string())


def _bytes_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.large_binary()).cast(pa.large_string()).cast(pa.string())
    except pa.ArrowInvalid:  # no text
        return _texts(column, _bytes_cell)


def _extension_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind: Any = column.type
    plain = pa.chunked_array([chunk.storage for chunk in column.chunks], kind.storage_type)
    if kind.extension_name == "arrow.uuid":
        return _texts(plain, lambda value: str(uuid.UUID(bytes=value)))
    if kind.extension_name == "pandas.period":  # stored as a number of periods: its first moment
        return as_text(pa.chunked_array([pa.array(column.to_pandas().dt.start_time)]))
    return as_text(plain)


def _texts(column: pa.ChunkedArray, write: Any) -> pa.ChunkedArray:
    """Write values one by one."""
    chunks = [
        pa.array([None if one is None else write(one) for one in chunk.to_pylist()], pa.string())
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.string())
