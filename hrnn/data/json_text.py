"""JSON and JSON Lines as tables."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from hrnn.columns import SESSION_ID, USER_ID
from hrnn.data.decoding import BLOCK, Text
from hrnn.data.json_values import DECODER, Scanner, cell
from hrnn.data.mapping import guess_columns
from hrnn.data.nested import Rows, find_events
from hrnn.data.text_table import TextTable, distinct
from hrnn.errors import DataError, listed

_PREVIEW_BLOCK = 1 << 17
#: Records by which it is decided whether they hold events.
_SAMPLE = 200
_NO_ROWS = "the JSON holds no record; choose a file with at least one interaction"

#: What is a row: a record, each event of a record, or what the records show.
Unit = Literal["record", "event"] | None


@dataclass(frozen=True)
class _Bad:
    """A line that is no JSON."""

    text: str
    reason: str


def read_json_lines(text: Text, unit: Unit, most_rows: int | None) -> TextTable:
    """Read a record a line; a line that is none is left out and told.

    Args:
        text: the text.
        unit: what is a row.
        most_rows: stop after about so many rows, for a preview.

    Raises:
        DataError: there is no record in it.
        NotUtf8Error: the text is in another encoding.
    """
    return _collected(_lines(text, _block_size(most_rows)), "JSON Lines", text, unit, most_rows)


def read_json(text: Text, unit: Unit, most_rows: int | None) -> TextTable:
    """Read an array of objects, an object of columns, or an object that holds a list of records.

    A list is read record by record, and so is a file of objects one after the other; an object of
    columns has to fit in memory. The first row is line 2.

    Args:
        text: the text.
        unit: what is a row.
        most_rows: stop after about so many rows, for a preview.

    Raises:
        DataError: it is damaged, or there is no record in it.
        NotUtf8Error: the text is in another encoding.
    """
    words: list[str] = []
    scanner = Scanner(text.pieces(_block_size(most_rows)))
    numbered = zip(itertools.count(2), _records(scanner, words))
    return _collected(numbered, "JSON", text, unit, most_rows, words)


def _block_size(most_rows: int | None) -> int:
    return BLOCK if most_rows is None else _PREVIEW_BLOCK


def _collected(
    records: Iterator[tuple[int, Any]],
    kind: str,
    text: Text,
    unit: Unit,
    most_rows: int | None,
    words: list[str] | None = None,
) -> TextTable:
    first = list(itertools.islice(records, _SAMPLE))
    objects = [record for _, record in first if isinstance(record, dict)]
    events = None if unit == "record" else find_events(objects, sure=unit == "event")
    if unit == "event" and events is None:
        raise DataError(
            f"none of the first {len(first):,} records holds one list of events; read them as"
            " records"
        )
    rows = Rows(events, [key for record in objects for key in record])
    for line, record in itertools.chain(first, records):
        if isinstance(record, _Bad):
            rows.reject(line, record.text, record.reason)
        else:
            rows.add(record, line)
        if most_rows is not None and rows.count >= most_rows:
            break
    table = rows.table()
    if not table.num_rows and rows.malformed:
        one = rows.malformed[0]
        raise DataError(
            f"none of {rows.count:,} {kind} records can be used; the first is line {one.line}"
            f" ({one.reason}: {listed([one.text[:60]])}). Is it another format?"
        )
    if not table.num_rows:
        raise DataError(_NO_ROWS)
    said = [kind, *dict.fromkeys(words or ()), *(["nested events"] if events else ())]
    table = table if most_rows is None else table.slice(0, most_rows)
    return TextTable(
        table, rows.names, rows.malformed, encoding=text.encoding, format=", ".join(said)
    )


def _lines(text: Text, size: int) -> Iterator[tuple[int, Any]]:
    before = 0
    for block in text.blocks(size):
        lines = block.decode().removesuffix("\n").split("\n")
        for number, line in enumerate(lines, before + 1):
            if not line or line.isspace():
                continue
            try:
                record = DECODER.decode(line)
            except (ValueError, RecursionError) as error:
                yield number, _Bad(line, f"no JSON: {getattr(error, 'msg', 'nested too deep')}")
            else:
                yield number, record
        before += len(lines)


def _records(scanner: Scanner, words: list[str]) -> Iterator[Any]:
    """Yield the records of a JSON text, and put what it is into ``words`` with the first one."""
    while first := scanner.peek():
        if first == "[":
            yield from _elements(scanner)
        elif first == "{":
            yield from _of_object(scanner, words)
        else:
            raise scanner.damaged(f"{first!r} starts no record")


def _elements(scanner: Scanner) -> Iterator[Any]:
    scanner.take("[")
    if scanner.peek() == "]":
        scanner.take("]")
        return
    while True:
        yield scanner.value()
        if scanner.take(",]") == "]":
            return


def _of_object(scanner: Scanner, words: list[str]) -> Iterator[Any]:
    """Yield the records that an object holds in a list, or as columns; or itself, if it is one."""
    scanner.take("{")
    outer: dict[str, Any] = {}
    ended = scanner.peek() == "}"
    while not ended:
        key = scanner.value()
        scanner.take(":")
        if scanner.opens_objects():
            yield from _held(scanner, str(key), outer, words)
            return
        outer[str(key)] = scanner.value()
        ended = scanner.take(",}") == "}"
    if ended and not outer:
        scanner.take("}")
    yield from _as_columns(outer, words)


def _held(
    scanner: Scanner, key: str, outer: dict[str, Any], words: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield the records of a list in an object; and all that comes after it in the object."""
    found = guess_columns(list(outer), {name: [cell(one) or ""] for name, one in outer.items()})
    if USER_ID in found or SESSION_ID in found:  # the events of one user: a record of its own
        record = {**outer, key: list(_elements(scanner))}
        while scanner.take(",}") == ",":
            name = str(scanner.value())
            scanner.take(":")
            record[name] = scanner.value()
        yield record
        return
    words.append(f"records in {key!r}")
    yield from _elements(scanner)
    while scanner.take(",}") == ",":
        scanner.value()
        scanner.take(":")
        scanner.value()


def _as_columns(outer: dict[str, Any], words: list[str]) -> Iterator[dict[str, Any]]:
    columns = list(outer.values())
    rows = outer.get("data")
    names = outer.get("columns")
    if (
        isinstance(rows, list)
        and isinstance(names, list)
        and all(isinstance(r, list) for r in rows)
    ):
        words.append("columns and data apart")
        heads = distinct(str(name) for name in names)
        for row in rows:
            yield dict(zip(heads, row, strict=False))
    elif columns and all(isinstance(one, list) for one in columns):
        _check_even({name: len(one) for name, one in outer.items()})
        words.append("an object of columns")
        for row in zip(*columns, strict=True):
            yield dict(zip(outer, row, strict=True))
    elif columns and all(isinstance(one, dict) for one in columns):
        yield from _of_objects(outer, words)
    elif columns:
        yield outer


def _of_objects(outer: dict[str, dict[str, Any]], words: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the records of an object of objects: numbered in one of them, or a record itself."""
    columns = list(outer.values())
    if all(name.isdigit() for name in outer):
        words.append("an object of numbered records")
        yield from columns
    elif all(map(str.isdigit, columns[0])) and columns[0] and _alike(columns):
        words.append("an object of columns")
        for row in columns[0]:
            yield {name: column[row] for name, column in outer.items()}
    else:
        yield outer


def _alike(columns: list[dict[str, Any]]) -> bool:
    return all(column.keys() == columns[0].keys() for column in columns)


def _check_even(lengths: dict[str, int]) -> None:
    if len(set(lengths.values())) > 1:
        shown = [f"{name}: {length:,}" for name, length in lengths.items()]
        raise DataError(
            f"the {len(lengths)} columns of the JSON differ in length ({listed(shown, 4)}); export"
            " it again"
        )
