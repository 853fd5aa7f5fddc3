"""Reading an interaction log: the one way in, for files and DataFrames alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from hrnn.columns import ITEM_ID, OUTCOME, SESSION, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.data.clocks import join_times
from hrnn.data.coded import BLANK, Coded
from hrnn.data.copies import find_copies
from hrnn.data.findings import find_oddities
from hrnn.data.formats import AS_FOUND, ReadAs
from hrnn.data.interactions import Interactions
from hrnn.data.mapping import find_time_of_day, resolve_columns
from hrnn.data.outcome_column import Outcomes
from hrnn.data.outcomes import find_mode
from hrnn.data.read_warnings import about_blanks, about_copies, about_reading, about_users
from hrnn.data.rejecting import TIME_OF_DAY, blame_clock, nothing_left, reasons, reject
from hrnn.data.report import ColumnReading, ImportReport, RejectedRows
from hrnn.data.tables import Source, TextTable, as_text, load_text
from hrnn.data.text_table import distinct
from hrnn.data.timestamps import Times, read_times
from hrnn.errors import DataError, listed

#: How many steps reading has.
READING_STEPS = 5
_PREVIEW_ROWS = 200


class Guess(Enum):
    """Says that a column is guessed, where None says that there is none."""

    IT = "guess"


def read_interactions(
    source: Source,
    columns: Mapping[str, str | None] | None = None,
    time_unit: str | None = None,
    dayfirst: bool | None = None,
    timezone: str = "UTC",
    time_of_day: str | Guess | None = Guess.IT,
    keep_duplicates: bool = False,
    read_as: ReadAs = AS_FOUND,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Interactions:
    """Read a log of interactions.

    Ids are text, kept as they are but for spaces around them. A row with a blank user, item or
    time, an unreadable time or outcome, or too many fields is rejected and reported; a row equal
    to an earlier one in every column is a duplicate and dropped. Without an outcome column every
    OUTCOME is 1; a blank outcome is NaN: seen, but not judged.

    Args:
        source: a file of any format that :func:`hrnn.data.tables.load_text` knows, by its path,
            its bytes or open; or a DataFrame.
        columns: role → column of the source, e.g. ``{"USER_ID": "visitor"}``; what is not named
            is guessed, None leaves an optional role out.
        time_unit: "s", "ms", "us" or "ns" for numeric times; decided per value if None.
        dayfirst: order of dates such as 03/04/2024; decided by the column if None, and read
            day-first with a warning where nothing decides.
        timezone: zone of times that name none.
        time_of_day: the column with the time of day, where TIMESTAMP holds dates alone; guessed
            if not said, None for none.
        keep_duplicates: whether rows that equal an earlier one in every column stay.
        read_as: format, separator and the like, where they are not to be detected.
        folder: where a packed file is unpacked for the while; where the system puts temporary files
            if None.
        say: is told each of the ``READING_STEPS`` steps as it begins.

    Raises:
        DataError: no table, no such column, or no row that can be used.
        ConfigError: ``time_unit`` or ``timezone`` is unknown.
    """
    say("Reading the file")
    text = load_text(source, read_as=read_as, folder=folder)
    first = first_values(text)
    chosen = resolve_columns(text.names, first, columns)
    clock = _clock_of(text.names, first, chosen, time_of_day)
    places = {role: text.names.index(name) for role, name in chosen.items()}
    cells = {role: text.table[f"c{place}"] for role, place in places.items()}
    if clock is not None:
        cells[TIMESTAMP] = join_times(as_text(cells[TIMESTAMP]), as_text(text.column(clock)))
    say("Looking for duplicates")
    copies = find_copies(text.table)  # first, while there is room
    say("Reading times and ids")
    times = read_times(as_text(cells[TIMESTAMP]), time_unit, dayfirst, timezone)
    user, item = Coded.of(cells[USER_ID]).sorted(), Coded.of(cells[ITEM_ID])
    outcome = Outcomes.of(cells.get(OUTCOME), text.table.num_rows)
    reason = reasons(user, item, cells[TIMESTAMP], times, outcome)
    blamed = dict(chosen)
    if clock is not None:
        dates = text.column(chosen[TIMESTAMP])
        blame_clock(reason, dates, text.column(clock), times.order, timezone)
        blamed[TIME_OF_DAY] = clock
    rejected = reject(text, reason, blamed)
    sound = np.flatnonzero(reason == 0)
    if not len(sound):
        raise DataError(nothing_left(text, rejected))
    copies = copies[reason[copies] == 0]
    kept = sound if keep_duplicates or not len(copies) else np.setdiff1d(sound, copies, True)
    session = _session(cells.get(SESSION_ID), text.table.num_rows)
    left = [place for place in range(len(text.names)) if place not in places.values()]
    names = distinct(_free(text.names[place]) for place in left)
    others = {
        name: Coded.of(text.table[f"c{place}"]) for name, place in zip(names, left, strict=True)
    }
    line, count = text.table["line"].to_numpy(), text.rows
    cells.clear()
    text = replace(text, table=text.table.schema.empty_table())  # logs are long: it is not kept
    pa.default_memory_pool().release_unused()
    say("Sorting by user and time")
    rows = _sorted(kept, user.code, times)
    columns_of = {
        USER_ID: user.take(rows).column(),
        ITEM_ID: item.take(rows).column(),
        TIMESTAMP: pa.array(times.us[rows]).cast(pa.timestamp("us", "UTC")),
        OUTCOME: pa.array(outcome.value[rows]),
        SESSION_ID: session.take(rows).column(),
        **{name: one.take(rows).column() for name, one in others.items()},
    }
    data = Interactions(pa.table(columns_of), _NO_REPORT)
    say("Looking for what is odd")
    oddities = (
        *about_reading(text, times, timezone, line, data, chosen),
        *about_copies(line[copies], keep_duplicates),
        *about_users(chosen, len(data)),
        *about_blanks(user.merged + item.merged + session.merged),
        *find_oddities(data, line[rows], _tied(data, times, rows)),
    )
    roles = {name: role for role, name in reversed(chosen.items())}
    how = {TIMESTAMP: times.how, OUTCOME: "number"}
    reading = {
        name: ColumnReading(roles.get(name), how.get(roles.get(name, ""), "text"))
        for name in text.names
    }
    if clock is not None:
        reading[clock] = ColumnReading(None, f"time of day, joined to {chosen[TIMESTAMP]!r}")
    report = ImportReport(
        accepted=len(data),
        duplicates=0 if keep_duplicates else len(copies),
        rejected=rejected,
        warnings=oddities,
        columns=reading,
        separator=text.separator,
        encoding=text.encoding,
        format=text.format,
        rows=count,
        outcome_mode=find_mode(data.outcome),
    )
    return Interactions(data.table, report)


_NO_REPORT = ImportReport(
    accepted=0, duplicates=0, rejected=RejectedRows(), warnings=(), columns={}
)


def _clock_of(
    names: Sequence[str],
    first: Mapping[str, Sequence[str | None]],
    chosen: Mapping[str, str],
    said: str | Guess | None,
) -> str | None:
    """Return the column of the time of day, if there is one."""
    free = [name for name in names if name not in chosen.values()]
    if said is Guess.IT:
        return find_time_of_day(free, first, chosen[TIMESTAMP])
    if said is not None and said not in free:
        raise DataError(f"{said!r} cannot be the time of day; the columns left are {listed(free)}")
    return said


def first_values(text: TextTable) -> dict[str, list[str]]:
    """Return the first values of each column, for guessing and for previews."""
    head = text.table.slice(0, _PREVIEW_ROWS)
    return {name: head[f"c{i}"].to_pylist() for i, name in enumerate(text.names)}


def _sorted(rows: np.ndarray, user: np.ndarray, times: Times) -> np.ndarray:
    """Order rows by user, then by time; ties stay in the order of the file.

    Sorting by time first costs little, since most logs are, or nearly; users are then counted out.
    """
    rows = _by_time(rows, times)
    code = user[rows]
    ends = np.arange(len(rows) + 1, dtype=np.int32 if len(rows) < 2**31 - 1 else np.int64)
    ones = np.ones(len(rows), np.int8)
    counted = csr_array((ones, code, ends), shape=(len(rows), int(code.max()) + 1)).tocsc()
    return rows[counted.indices]


def _by_time(rows: np.ndarray, times: Times) -> np.ndarray:
    us = times.us[rows]
    if times.rest is not None:
        return rows[np.lexsort((times.rest[rows], us))]
    ascends = not (us[1:] < us[:-1]).any()
    return rows if ascends else rows[np.argsort(us, kind="stable")]


def _session(column: pa.ChunkedArray | None, rows: int) -> Coded:
    if column is not None:
        return Coded.of(column)
    return Coded(np.full(rows, BLANK, np.int32), pa.array([], pa.string()))


def _free(name: str) -> str:
    """Name a column of the file so that it does not pass for one of ours."""
    taken = {USER_ID, ITEM_ID, TIMESTAMP, OUTCOME, SESSION_ID, SESSION}
    return f"{name} (file)" if name in taken else name


def _tied(data: Interactions, times: Times, rows: np.ndarray) -> np.ndarray:
    user, us = data.user_index, data.time_us
    same = (user[1:] == user[:-1]) & (us[1:] == us[:-1])
    if times.rest is not None:
        same &= np.diff(times.rest[rows]) == 0
    tied = np.zeros(len(rows), bool)
    tied[1:] |= same
    tied[:-1] |= same
    return tied
