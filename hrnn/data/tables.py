"""Any source as one table of text columns, with the line of every row."""

from dataclasses import replace
from pathlib import Path
from typing import IO

import pandas as pd

from hrnn.data.decoding import HEAD, Text
from hrnn.data.delimited import read_delimited
from hrnn.data.formats import AS_FOUND, Format, ReadAs, binary_format, text_format
from hrnn.data.json_text import Unit, read_json, read_json_lines
from hrnn.data.text_table import Malformed, TextTable
from hrnn.data.typed import as_text, from_feather, from_frame, from_parquet
from hrnn.data.unpacking import Package
from hrnn.data.workbooks import read_workbook
from hrnn.errors import DataError

__all__ = ["AS_FOUND", "Malformed", "ReadAs", "Source", "TextTable", "as_text", "load_text"]

Source = str | Path | bytes | IO[bytes] | pd.DataFrame


def load_text(
    source: Source,
    most_rows: int | None = None,
    read_as: ReadAs = AS_FOUND,
    folder: Path | None = None,
) -> TextTable:
    """Read a file, its bytes or a DataFrame, every cell as text.

    Delimited text, JSON, JSON Lines, Parquet, Feather and workbooks, each plain or in gzip, ZIP or
    Zstandard; the format is told by the first bytes, never by the name.

    Args:
        source: a path, bytes, a binary file object or a DataFrame.
        most_rows: stop after about so many rows, for a preview: of a text no more is read.
        read_as: what is known about the format; the rest is found out.
        folder: where a packed Parquet file, Feather file or workbook is unpacked for the while.

    Raises:
        DataError: there is nothing in it, or nothing that is a table.
    """
    if isinstance(source, pd.DataFrame):
        return from_frame(source if most_rows is None else source.head(most_rows))
    with Package(_path_or_bytes(source), folder, read_as.member) as package:
        text = _loaded(package, read_as, most_rows)
        words = ", ".join(part for part in (text.format, package.packing) if part)
        return replace(text, format=words)


def _path_or_bytes(source: str | Path | bytes | IO[bytes]) -> Path | bytes:
    if isinstance(source, str):
        return Path(source)
    if isinstance(source, bytes | Path):
        return source
    read = source.read() if hasattr(source, "read") else source
    if isinstance(read, str):
        return read.encode()
    if isinstance(read, bytes | bytearray | memoryview):
        return bytes(read)
    raise DataError(
        f"a log cannot be read from {type(read).__name__}; pass a path, bytes, a binary file object"
        " or a DataFrame"
    )


def _loaded(package: Package, said: ReadAs, most_rows: int | None) -> TextTable:
    head = package.head(HEAD)
    kind = said.format or binary_format(head)
    if kind == "parquet":
        return from_parquet(package.place(), most_rows)
    if kind == "feather":
        return from_feather(package.place(), most_rows)
    if kind == "workbook":
        return read_workbook(package.place(), said.sheet, said.header, most_rows)
    text = Text(package.stream, said.encoding)
    unit: Unit = "event" if kind == "events" else None if kind is None else "record"
    if kind is None or kind == "events":
        found = text_format(head, text.encoding, whole=len(head) < HEAD)
        kind = "json" if kind == "events" and found == "delimited" else found
    return text.read(lambda one: _text_loaded(one, kind, unit, said, most_rows))


def _text_loaded(
    text: Text, kind: Format, unit: Unit, said: ReadAs, most_rows: int | None
) -> TextTable:
    if kind == "json":
        return read_json(text, unit, most_rows)
    if kind == "json_lines":
        return read_json_lines(text, unit, most_rows)
    return read_delimited(text, said.separator, said.header, most_rows)
