"""Any source as one table of text columns, with the line of every row."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from hrnn.data.arrow import pc
from hrnn.data.decoding import Malformed, check_header, decode, distinct, split_records
from hrnn.errors import DataError, listed

Source = str | Path | bytes | IO[bytes] | pd.DataFrame

_PARQUET = b"PAR1"
_EXACT_INTEGER = 2.0**53


@dataclass(frozen=True)
class TextTable:
    """Text columns ``c0, c1, …`` named ``names``, and ``line``: the header is line 1."""

    table: pa.Table
    names: list[str]
    malformed: Sequence[Malformed] = field(default=())
    separator: str | None = None
    encoding: str | None = None

    @property
    def rows(self) -> int:
        """Rows of the source, the malformed ones included."""
        return self.table.num_rows + len(self.malformed)


def load_text(source: Source, most_rows: int | None = None) -> TextTable:
    """Read a CSV or Parquet file, its bytes, or a DataFrame, every cell as text.

    Args:
        source: a path, bytes, a binary file object or a DataFrame.
        most_rows: stop after about so many rows, for a preview.

    Raises:
        DataError: there is nothing in it, or nothing that is a table.
    """
    if isinstance(source, pd.DataFrame):
        frame = source if most_rows is None else source.head(most_rows)
        return _from_frame(frame)
    raw = _bytes_of(source)
    if raw.startswith(_PARQUET):
        return _from_parquet(raw, most_rows)
    if most_rows is not None:
        raw = _head(raw, most_rows)
    text, encoding = decode(raw)
    records = split_records(text, encoding=encoding)
    check_header(records.header)
    if not len(records.lines) and not records.malformed:
        raise DataError(
            "the file has a header and no rows; choose one with at least one interaction"
        )
    names = [f"c{i}" for i in range(len(records.header))]
    table = (
        pa_csv.read_csv(
            pa.BufferReader(records.body),
            read_options=pa_csv.ReadOptions(
                column_names=names, block_size=max(1 << 22, 4 * records.longest)
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=records.separator, newlines_in_values=True, ignore_empty_lines=True
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={name: pa.string() for name in names}, strings_can_be_null=False
            ),
        )
        if records.body
        else pa.table({name: pa.array([], pa.string()) for name in names})
    )
    assert table.num_rows == len(records.lines), "the parser and the splitter disagree"
    table = table.append_column("line", pa.array(records.lines))
    return TextTable(table, records.header, records.malformed, records.separator, encoding)


def _bytes_of(source: str | Path | bytes | IO[bytes]) -> bytes:
    if isinstance(source, bytes):
        return source
    if isinstance(source, str | Path):
        try:
            return Path(source).read_bytes()
        except OSError as error:
            raise DataError(f"{source} cannot be read: {error.strerror}") from None
    read = source.read()
    return read.encode() if isinstance(read, str) else read


def _head(raw: bytes, most_rows: int) -> bytes:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw  # UTF-16: the byte of a newline is part of other characters too
    position = 0
    for _ in range(most_rows + 1):
        position = raw.find(b"\n", position) + 1
        if not position:
            return raw
    return raw[:position]


def _from_parquet(raw: bytes, most_rows: int | None) -> TextTable:
    try:
        file = pq.ParquetFile(io.BytesIO(raw))
        if most_rows is None:
            table = file.read()
        else:
            batch = next(file.iter_batches(batch_size=most_rows), None)
            table = pa.Table.from_batches([batch] if batch else [], file.schema_arrow)
        table.validate(full=True)  # Parquet does not check that its text is UTF-8
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise DataError(f"the Parquet file is damaged ({error}); export it again") from None
    return _from_arrow(table)


def _from_frame(frame: pd.DataFrame) -> TextTable:
    columns = [_arrow_of(frame.iloc[:, place]) for place in range(frame.shape[1])]
    return _from_arrow(pa.table(columns, names=[str(name) for name in frame.columns]))


def _arrow_of(column: pd.Series) -> Any:
    if column.dtype != object:
        try:
            return pa.array(column, from_pandas=True)
        except pa.ArrowException:  # Arrow has no such type (complex, sparse): as it is printed
            column = column.astype(object)
    column = column.where(column.notna(), None)  # NaT of NumPy among them, which Arrow refuses
    return pa.array(column.map(_cell_text, na_action="ignore"), from_pandas=True)


def _cell_text(value: Any) -> str | None:
    if isinstance(value, float | np.floating):
        if value != value:
            return None
        return str(int(value)) if value.is_integer() and abs(value) < _EXACT_INTEGER else str(value)
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return str(value)


def _from_arrow(source: pa.Table) -> TextTable:
    if not source.num_columns or not source.num_rows:
        raise DataError("the table is empty; pass one with at least one interaction")
    unfit = [f"{field.name}: {field.type}" for field in source.schema if not _writable(field.type)]
    if unfit:
        raise DataError(
            f"{len(unfit)} of {source.num_columns} columns hold nested or binary values, or"
            " durations"
            f" ({listed(unfit, 3)}); write them as text or numbers, or leave them out"
        )
    columns = {f"c{i}": as_text(column) for i, column in enumerate(source.columns)}
    columns["line"] = pa.array(np.arange(source.num_rows, dtype=np.int64) + 2)
    return TextTable(pa.table(columns), distinct(source.column_names))


def _writable(kind: pa.DataType) -> bool:
    """Whether the values of a type can be written as text."""
    if pa.types.is_dictionary(kind):
        return _writable(kind.value_type)
    return not (
        pa.types.is_nested(kind)
        or pa.types.is_duration(kind)
        or "binary" in str(kind)
        or isinstance(kind, pa.BaseExtensionType)
    )


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write a typed column as text that reads back to the same values.

    Whole floats become integers, since a float column holds them only for want of a null; times
    keep all digits and their zone; a missing value stays null.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.cast(kind.value_type))
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
    return column.cast(pa.string())
