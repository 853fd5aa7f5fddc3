"""Delimited text, read block by block: of a long file only the table it becomes is in memory."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from hrnn.data.decoding import BLOCK, Text
from hrnn.data.separators import (
    Separator,
    detect_separator,
    excel_line,
    is_header,
    is_recbole,
    sample,
)
from hrnn.data.splitting import LONGEST_QUOTED, Piece
from hrnn.data.text_table import Malformed, TextTable, headings, numbered
from hrnn.errors import DataError

_PREVIEW_BLOCK = 1 << 17
#: Blocks that wait for the parser, at most.
_WAITING = 3
#: A column of a long text with a smaller share of distinct values is kept as codes.
_MOST_DISTINCT = 0.8
_SAMPLE = 10_000
#: Quotes in quoted fields, as some programs write them, and as the others do. That a backslash
#: stands before a quote at a field's end alone is none: so does a folder's name end.
_BACKSLASHED = re.compile(rb'[^\\]\\"[\w"]')
_DOUBLED = re.compile(rb'[\w ]""[\w ]')


@dataclass(frozen=True)
class Layout:
    """How a text is laid out.

    Attributes:
        separator: what stands between fields.
        names: the columns.
        headed: whether the names stand in the text.
        skip: bytes before the text, such as the line ``sep=;``.
        begin: where, after those and in the splitter's text, the first row starts.
        line: its line.
        timed: places of the columns that hold times or long numbers.
        escaped: whether a quote in a quoted field is written with a backslash, not twice.
    """

    separator: Separator
    names: list[str]
    headed: bool
    skip: int
    begin: int
    line: int
    timed: list[int]
    escaped: bool

    @classmethod
    def of(cls, block: bytes, separator: str | None, header: bool | None) -> "Layout":
        """Find the layout by the first block; what is not None is said."""
        escaped = _BACKSLASHED.search(block) is not None and not _DOUBLED.search(block)
        block = _doubled(block, escaped)
        named, skip = excel_line(block)
        one = Separator(separator or named or detect_separator(block))
        splitter = one.splitter(block[skip:])
        text = splitter.text
        blank = len(text) - len(text.lstrip(b"\n"))
        first, second = splitter.record(blank)
        cells = [cell.decode() for cell in first]
        if header is None:
            rows = [[cell.decode() for cell in row] for row in sample(splitter, second)]
            header = is_header(cells, rows)
        while not header and len(cells) > 1 and not cells[-1].strip():
            cells.pop()  # a separator at the end of every row
        begin = second if header else blank
        return cls(
            separator=one,
            names=headings(cells) if header else numbered(len(cells)),
            headed=header,
            skip=skip,
            begin=begin,
            line=(block[:skip] + text[:begin]).count(b"\n") + 1,
            timed=splitter.timed_columns(begin, len(cells)),
            escaped=escaped,
        )

    def pieces(
        self, blocks: Iterable[bytes], longest_quoted: int = LONGEST_QUOTED
    ) -> Iterator[tuple[Piece, bytes]]:
        """Make a text clean, block by block; yield each with the byte that separates its fields."""
        begin, line, rest = self.begin, self.line, b""
        for number, (block, last) in enumerate(_with_last(blocks)):
            block = _doubled(block, self.escaped)
            block = rest + (block if number else block[self.skip :])
            splitter = self.separator.splitter(block, longest_quoted)
            piece = splitter.clean(begin, line, len(self.names), self.timed, last)
            yield piece, splitter.separator
            begin, line = 0, piece.next_line
            rest = splitter.shown(splitter.text[piece.end :])


def read_delimited(
    text: Text, separator: str | None, header: bool | None, most_rows: int | None
) -> TextTable:
    """Read a delimited text as a table.

    Args:
        text: the text.
        separator: detected if None.
        header: whether the first row names the columns; detected if None.
        most_rows: stop after so many rows, for a preview.

    Raises:
        DataError: it is empty, or holds no row.
        NotUtf8Error: the text is in another encoding.
    """
    blocks = text.blocks(BLOCK if most_rows is None else _PREVIEW_BLOCK)
    first = _first(blocks)
    layout = Layout.of(first, separator, header)
    tables: list[pa.Table] = []
    malformed: list[Malformed] = []
    rows = 0
    kinds: list[pa.DataType] = [pa.string()] * len(layout.names)
    with ThreadPoolExecutor(1) as pool:  # it parses one block while the next is cut
        waiting: deque[Future[pa.Table]] = deque()
        for piece, byte in layout.pieces(_chained(first, blocks)):
            waiting.append(pool.submit(_parsed, piece, byte, kinds))
            if most_rows is None and rows == 0:
                kinds = _kinds(waiting[0].result())
            malformed += piece.malformed
            rows += len(piece.lines) + len(piece.malformed)
            if len(waiting) > _WAITING:
                tables.append(waiting.popleft().result())
            if most_rows is not None and rows >= most_rows:
                break
        tables += [one.result() for one in waiting]
    if not rows:
        raise DataError(
            "the file has a header and no rows; choose one with at least one interaction"
        )
    tables[0] = tables[0].cast(tables[-1].schema)
    table = pa.concat_tables(tables)
    if most_rows is not None and rows > most_rows:
        table, malformed = _cut(table, malformed, most_rows)
    return TextTable(
        table,
        layout.names,
        malformed,
        layout.separator.text,
        text.encoding,
        _words(layout),
        layout.headed,
    )


def _words(layout: Layout) -> str:
    kind = "RecBole" if is_recbole(layout.names) else "CSV"
    quotes = ', quotes as \\"' if layout.escaped else ""
    header = "" if layout.headed else ", no header"
    return f"{kind}, separator {layout.separator.word}{quotes}{header}"


def _doubled(block: bytes, escaped: bool) -> bytes:
    """Write quotes twice that are written with a backslash."""
    return block.replace(b'\\"', b'""') if escaped else block


def _first(blocks: Iterator[bytes]) -> bytes:
    """Return the first blocks, until there is something in them."""
    first = b""
    while not first.strip():
        first += next(blocks)  # of blank text alone it raises DataError
    return first


def _chained(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from blocks


def _with_last(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    before = None
    for block in blocks:
        if before is not None:
            yield before, False
        before = block
    if before is not None:
        yield before, True


def _kinds(table: pa.Table) -> list[pa.DataType]:
    """Choose text or codes for each column by the first rows, of which there are many."""
    coded = pa.dictionary(pa.int32(), pa.string())
    return [
        coded if len(column.unique()) < _MOST_DISTINCT * len(column) else pa.string()
        for column in table.slice(0, _SAMPLE).columns[:-1]
    ]


def _parsed(piece: Piece, separator: bytes, kinds: list[pa.DataType]) -> pa.Table:
    names = [f"c{place}" for place in range(len(kinds))]
    if len(piece.body):
        table = pa_csv.read_csv(
            pa.BufferReader(pa.py_buffer(piece.body)),
            read_options=pa_csv.ReadOptions(
                column_names=names, block_size=len(piece.body) + 1, use_threads=False
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=separator.decode(), newlines_in_values=True, ignore_empty_lines=True
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict(zip(names, kinds, strict=True)),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    else:
        table = pa.schema(list(zip(names, kinds, strict=True))).empty_table()
    assert table.num_rows == len(piece.lines), "the parser and the splitter disagree"
    return table.append_column("line", pa.array(piece.lines, pa.int64()))


def _cut(
    table: pa.Table, malformed: list[Malformed], most_rows: int
) -> tuple[pa.Table, list[Malformed]]:
    """Keep the first rows, malformed ones among them."""
    lines = table["line"].to_numpy()
    last = np.sort(np.concatenate([lines, [one.line for one in malformed]]))[most_rows - 1]
    kept = [one for one in malformed if one.line <= last]
    return table.slice(0, int(np.searchsorted(lines, last, side="right"))), kept
