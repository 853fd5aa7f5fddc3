"""Workbooks (.xlsx, .xls, .xlsb, .ods) as tables."""

import datetime as dt
import io
import itertools
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import python_calamine as calamine

from hrnn.data.members import DAMAGE
from hrnn.data.separators import is_header
from hrnn.data.text_table import TextTable, headings, numbered
from hrnn.data.typed import float_text
from hrnn.data.unpacking import Limit
from hrnn.errors import DataError, listed

#: Cells in the rectangle around what a sheet holds, at most: calamine makes room for all of them.
MOST_CELLS = 50_000_000
_ROWS = 20_000
_SAMPLE_ROWS = 100
_TITLE_ROWS = 20
_REFERENCE = re.compile(rb'<(?:\w+:)?c [^>]{0,200}?\br="([A-Z]{1,3})(\d{1,7})"')
_LETTERS = 26


def read_workbook(
    place: Path | bytes, sheet: str | None, header: bool | None, most_rows: int | None
) -> TextTable:
    """Read a sheet of a workbook, every cell as text: dates as ISO 8601, whole numbers whole.

    Args:
        place: the workbook.
        sheet: its name; if None the first one that holds a table, of two columns and two rows.
        header: whether the first row names the columns; detected if None.
        most_rows: stop after so many rows, for a preview.

    Raises:
        DataError: it is damaged, encrypted or too large, or no sheet holds a table.
    """
    _check_size(place)
    book = _guarded(
        lambda: calamine.load_workbook(io.BytesIO(place) if isinstance(place, bytes) else place)
    )
    with book:
        names = list(book.sheet_names)
        if sheet is not None and sheet not in names:
            raise DataError(f"there is no sheet {sheet!r} in the workbook; it has {listed(names)}")
        for name in names if sheet is None else [sheet]:
            found = _Sheet(_guarded(lambda name=name: book.get_sheet_by_name(name)))
            if found.is_table() or sheet is not None:
                return _table(found, name, names, header, most_rows)
    raise DataError(
        f"none of the {len(names)} sheets ({listed(names)}) holds a table of at least two columns"
        " and two rows; put the log on a sheet of its own"
    )


class _Sheet:
    """A sheet: rows of text, each with its number in the sheet."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet

    def rows(self) -> Iterator[tuple[int, list[str | None]]]:
        """Yield the rows that hold something; calamine leaves out columns before the first."""
        for number, row in enumerate(self._sheet.iter_rows(), start=1):
            cells = [_cell_text(value) for value in row]
            if any(cells):
                yield number, cells

    def is_table(self) -> bool:
        first = itertools.islice(self.rows(), _TITLE_ROWS)
        return sum(sum(map(bool, cells)) > 1 for _, cells in first) > 1


def _table(
    sheet: _Sheet, name: str, names: list[str], header: bool | None, most_rows: int | None
) -> TextTable:
    rows = sheet.rows()
    first = list(itertools.islice(rows, _SAMPLE_ROWS))
    while len(first) > 1 and sum(map(bool, first[0][1])) < 2 <= sum(map(bool, first[1][1])):
        first.pop(0)  # a title above the table
    if not first:
        raise DataError(f"the sheet {name!r} is empty; choose one with a header and rows")
    cells = [cell or "" for cell in first[0][1]]
    if header is None:
        header = is_header(cells, [[cell or "" for cell in row] for _, row in first[1:]])
    if header:
        first.pop(0)
    if not first:
        raise DataError(
            f"the sheet {name!r} has a header and no rows; choose one with at least one interaction"
        )
    kept = itertools.islice(itertools.chain(first, rows), most_rows)
    tables = [_arrow(part, len(cells)) for part in _batched(kept, _ROWS)]
    said = f"workbook, sheet {name!r}" + ("" if header else ", no header")
    others = [one for one in names if one != name]
    return TextTable(
        pa.concat_tables(tables),
        headings(cells) if header else numbered(len(cells)),
        format=f"{said} (not read: {listed(others, 3)})" if others else said,
        headed=header,
        unread=tuple(others),
    )


def _batched(rows: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while batch := list(itertools.islice(rows, size)):
        yield batch


def _arrow(rows: Sequence[tuple[int, list[str | None]]], width: int) -> pa.Table:
    columns = {
        f"c{place}": pa.array([cells[place] for _, cells in rows], pa.string())
        for place in range(width)
    }
    return pa.table({**columns, "line": pa.array(np.array([row for row, _ in rows], np.int64))})


def _cell_text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _guarded(reading: Any) -> Any:
    """Call calamine; whatever it fails with, in Rust too, becomes one sentence."""
    try:
        return reading()
    except calamine.PasswordError:
        raise DataError(
            "the workbook is protected by a password; save it without one, or export it as CSV"
        ) from None
    except (calamine.CalamineError, *DAMAGE) as error:
        raise DataError(
            f"the workbook is damaged or of an unknown kind ({error}); export it as CSV"
        ) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # it is no Exception
            raise
        raise DataError("the workbook is damaged; export it as CSV") from None


def _check_size(place: Path | bytes) -> None:
    """Refuse a workbook that would unpack to more than is safe, before calamine does it.

    Raises:
        DataError: its size, or that of a sheet.
    """
    file = io.BytesIO(place) if isinstance(place, bytes) else place.open("rb")
    with file:
        if file.read(2) != b"PK":
            return
        limit = Limit("workbook", file.seek(0, io.SEEK_END))
        try:
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    with archive.open(member) as stream:
                        _check_span(member.filename, *_measured(stream, limit))
        except DataError:
            raise
        except DAMAGE as error:
            raise limit.damaged(error) from None


def _check_span(name: str, rows: int, columns: int) -> None:
    if rows * columns > MOST_CELLS:
        raise DataError(
            f"{name} of the workbook spans {rows:,} rows and {columns:,} columns; delete the stray"
            " cells far off, or export the sheet as CSV"
        )


def _measured(stream: Any, limit: Limit) -> tuple[int, int]:
    """Read a part of a workbook; return the last row and column that it names."""
    rows = columns = 0
    rest = b""
    known: set[bytes] = set()
    while piece := stream.read(1 << 20):
        limit.add(len(piece))
        text = rest + piece
        for letters, digits in _REFERENCE.findall(text):
            rows = max(rows, int(digits))
            known.add(letters)
        rest = text[-300:]
    for letters in known:
        number = 0
        for letter in letters:
            number = number * _LETTERS + letter - ord("A") + 1
        columns = max(columns, number)
    return rows, columns
