"""Records laid into columns: objects in objects, and lists of events in a record."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hrnn.columns import ITEM_ID, REQUIRED, TIMESTAMP
from hrnn.data.json_values import cell, json_text
from hrnn.data.mapping import guess_columns
from hrnn.data.text_table import Malformed, distinct
from hrnn.errors import DataError, listed

#: More names than this are data, not names.
MOST_COLUMNS = 1000
_DEEPEST = 4
_MOST_LEVELS = 100
_SAMPLE = 200
_ROWS = 20_000

Record = Mapping[str, Any]


def find_events(records: Sequence[Record], sure: bool = False) -> str | None:
    """Return the key under which records hold their events: the only list of objects in them.

    None if there is no such key. Unless ``sure``, none either if the records are interactions
    themselves, with a user, an item and a time outside of the list, or if what is in the list has
    neither item nor time.
    """
    keys: dict[str, list[Record]] = {}
    first: dict[str, list[str]] = {}
    for record in records:
        for key, value in record.items():
            if isinstance(value, list) and any(isinstance(one, dict) for one in value):
                keys.setdefault(key, []).extend(one for one in value if isinstance(one, dict))
            elif not isinstance(value, list | dict):
                first.setdefault(key, []).append(cell(value) or "")
    if len(keys) != 1:
        return None
    ((key, events),) = keys.items()
    inner: dict[str, list[str]] = {}
    for event in events[:_SAMPLE]:
        for name, value in event.items():
            plain = not isinstance(value, list | dict)
            inner.setdefault(name, []).append((cell(value) or "") if plain else "")
    outside, inside = (guess_columns(list(one), one) for one in (first, inner))
    whole = all(role in outside for role in REQUIRED)
    events_like = ITEM_ID in inside or TIMESTAMP in inside
    return key if sure or (events_like and not whole) else None


class Rows:
    """Collects records as columns of text.

    Values in objects get a name with a dot (``user.id``); lists, and what lies deeper than four
    objects, are written as JSON. With ``events``, each event of a record is a row, beside the
    record's other values; an event's value is named with a dot only where the record has one of
    the same name.

    Args:
        events: the key of the list of events, if records hold one.
        outer: names that records have outside of their events, as far as known.
    """

    def __init__(self, events: str | None = None, outer: Sequence[str] = ()) -> None:
        self.names: list[str] = []
        self.malformed: list[Malformed] = []
        self.count = 0
        self._events = events
        self._outer = set(outer) - {events}
        self._inner: dict[str, str] = {}
        self._columns: dict[str, list[str | None]] = {}
        self._lines: list[int] = []
        self._tables: list[pa.Table] = []

    def add(self, record: Any, line: int) -> None:
        """Add a record: a row, or one for each of its events."""
        if not isinstance(record, dict):
            self.reject(line, "" if _too_deep(record) else json_text(record), "not a JSON object")
        elif _too_deep(record):
            self.reject(line, "", f"values lie deeper than {_MOST_LEVELS} levels")
        elif self._events is None:
            self._row(_flat(record), line)
        else:
            outer = {key: value for key, value in record.items() if key != self._events}
            events = record.get(self._events)
            if events is not None and not isinstance(events, list):
                self.reject(line, json_text(events), f"{self._events} is no list")
                return
            flat = self._outside(_flat(outer))
            for event in events or ():
                if isinstance(event, dict):
                    self._row({**flat, **self._inside(_flat(event))}, line)
                else:
                    self.reject(line, json_text(event), "an event is no JSON object")

    def reject(self, line: int, text: str, reason: str) -> None:
        """Leave out what cannot be a row."""
        self.malformed.append(Malformed(line, text, reason))
        self.count += 1

    def table(self) -> pa.Table:
        """Return all rows as columns ``c0, c1, …`` and ``line``."""
        self._flush()
        names = [f"c{place}" for place in range(len(self.names))]
        schema = pa.schema([*((name, pa.string()) for name in names), ("line", pa.int64())])
        if not self._tables:
            return schema.empty_table()
        whole = pa.concat_tables(self._tables, promote_options="default")
        return whole.select(schema.names).cast(schema)

    def _outside(self, flat: Record) -> dict[str, Any]:
        taken = set(self._inner.values())
        return {f"{key}_2" if key in taken else key: value for key, value in flat.items()}

    def _inside(self, flat: Record) -> dict[str, Any]:
        return {self._name(key): value for key, value in flat.items()}

    def _name(self, key: str) -> str:
        name = self._inner.get(key)
        if name is None:
            clash = key in self._outer or key in self._columns or key in self.names
            name = self._inner[key] = f"{self._events}.{key}" if clash else key
        return name

    def _row(self, flat: Mapping[str, Any], line: int) -> None:
        row = len(self._lines)
        columns = self._columns
        for key, value in flat.items():
            column = columns.get(key)
            if column is None:
                column = columns[key] = self._new(key)
            if len(column) < row:
                column.extend([None] * (row - len(column)))
            column.append(value if type(value) is str else cell(value))
        self._lines.append(line)
        self.count += 1
        if row + 1 == _ROWS:
            self._flush()

    def _new(self, key: str) -> list[str | None]:
        if key not in self.names:
            self.names.append(key)
            if len(self.names) > MOST_COLUMNS:
                raise DataError(
                    f"the records have more than {MOST_COLUMNS:,} different names"
                    f" ({listed(self.names, 3)}); write each value as a record of its own"
                )
        return []

    def _flush(self) -> None:
        rows = len(self._lines)
        if not rows:
            return
        places = {name: place for place, name in enumerate(self.names)}
        made = {}
        for key, column in self._columns.items():
            column.extend([None] * (rows - len(column)))
            made[f"c{places[key]}"] = _text_array(column)
        made["line"] = pa.array(np.array(self._lines, np.int64))
        self._tables.append(pa.table(made))
        self._columns, self._lines = {}, []


def _text_array(values: list[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:  # half a character, written as \ud83d: shown as it was written
        sound = [one and one.encode("utf-8", "backslashreplace").decode() for one in values]
        return pa.array(sound, pa.string())


def _too_deep(value: Any) -> bool:
    """Whether lists and objects lie in one another too deep to be written."""
    level, depth = [value] if isinstance(value, list | dict) else [], 0
    while level and depth <= _MOST_LEVELS:
        inside = (one.values() if isinstance(one, dict) else one for one in level)
        level = [one for some in inside for one in some if isinstance(one, list | dict)]
        depth += 1
    return bool(level)


def _flat(record: Record) -> Record:
    """Lay objects in an object open, if there are any."""
    if dict not in map(type, record.values()):
        return record
    names, values = zip(*_pairs(record), strict=True) if record else ((), ())
    return dict(zip(distinct(names), values, strict=True))


def _pairs(record: Record, prefix: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if type(value) is dict and depth < _DEEPEST:
            yield from _pairs(value, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", value
