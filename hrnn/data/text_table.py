"""A source as it was read: text columns, and the line of every row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class Malformed:
    """A record that cannot be laid into columns."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class TextTable:
    """Text columns ``c0, c1, …`` named ``names``, and ``line``.

    Lines are those of the file where it has lines: of delimited text (the header is line 1, or the
    first row where there is no header), of JSON Lines (the first record is line 1, and the events
    of one record share a line), of a sheet. All else has none: there the first row is line 2.

    Attributes:
        malformed: the records left out.
        separator: of delimited text.
        encoding: the codec of a text.
        format: how the source was read, in words for people, e.g. "CSV, separator tab, gzip".
        headed: whether the names stand in the source; else they are column_1, column_2, …
        unread: the names of a workbook's other sheets.
        coarse: the columns of floats of 32 bits or less.
    """

    table: pa.Table
    names: list[str]
    malformed: Sequence[Malformed] = field(default=())
    separator: str | None = None
    encoding: str | None = None
    format: str = ""
    headed: bool = True
    unread: tuple[str, ...] = ()
    coarse: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of the source, the malformed ones included."""
        return self.table.num_rows + len(self.malformed)

    def column(self, name: str) -> pa.ChunkedArray:
        """Return a column by its name."""
        return self.table[f"c{self.names.index(name)}"]


def distinct(names: Iterable[str]) -> list[str]:
    """Number the names that stand more than once: ``n, n_2, n_3``."""
    made: list[str] = []
    taken: set[str] = set()
    for base in names:
        name, copy = base, 2
        while name in taken:
            name, copy = f"{base}_{copy}", copy + 1
        made.append(name)
        taken.add(name)
    return made


def numbered(width: int) -> list[str]:
    """Name the columns of a table without a header."""
    return [f"column_{number}" for number in range(1, width + 1)]


def headings(cells: Iterable[str]) -> list[str]:
    """Turn the cells of a header into names: trimmed, filled, each there once."""
    return distinct(
        cell.strip() or f"column_{number}" for number, cell in enumerate(cells, start=1)
    )
