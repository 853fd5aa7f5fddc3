"""Reading an interaction log: the one way in, for files and DataFrames alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.sparse import csr_array

from hrnn.columns import ITEM_ID, OUTCOME, SESSION, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.data.arrow import pc, pick
from hrnn.data.clocks import join_times
from hrnn.data.coded import BLANK, Coded
from hrnn.data.copies import find_copies
from hrnn.data.findings import find_oddities, warned
from hrnn.data.formats import AS_FOUND, ReadAs
from hrnn.data.interactions import Interactions
from hrnn.data.mapping import find_time_of_day, resolve_columns, sessions_are_users
from hrnn.data.outcome_column import Outcomes
from hrnn.data.outcomes import find_mode
from hrnn.data.report import ColumnReading, ImportReport, RejectedRows, Warned
from hrnn.data.sql import BLANKS
from hrnn.data.tables import Source, TextTable, as_text, load_text
from hrnn.data.text_table import distinct
from hrnn.data.timestamps import COUNTED_DAYS, Times, read_times
from hrnn.errors import DataError, listed
from hrnn.words import plural

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
        of_day = text.table[f"c{text.names.index(clock)}"]
        cells[TIMESTAMP] = join_times(as_text(cells[TIMESTAMP]), as_text(of_day))
    say("Looking for duplicates")
    copies = find_copies(text.table)  # first, while there is room
    say("Reading times and ids")
    times = read_times(as_text(cells[TIMESTAMP]), time_unit, dayfirst, timezone)
    user, item = Coded.of(cells[USER_ID]).sorted(), Coded.of(cells[ITEM_ID])
    outcome = Outcomes.of(cells.get(OUTCOME), text.table.num_rows)
    reason = _reasons(user, item, cells[TIMESTAMP], times, outcome)
    rejected = _rejected(text, reason, chosen)
    sound = np.flatnonzero(reason == 0)
    if not len(sound):
        raise DataError(_nothing_left(text, rejected))
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
        *_import_warnings(text, times, timezone, line, data),
        *_copies_warning(line[copies], keep_duplicates),
        *_no_users_warning(chosen, len(data)),
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


#: Why a row is rejected, and which column is at fault; the first that holds is said.
_REASONS = (
    ("user missing", USER_ID),
    ("item missing", ITEM_ID),
    ("time missing", TIMESTAMP),
    ("time unreadable", TIMESTAMP),
    ("outcome is not a number", OUTCOME),
    ("outcome is not a finite number", OUTCOME),
)


def _reasons(
    user: Coded, item: Coded, time: pa.ChunkedArray, times: Times, outcome: Outcomes
) -> np.ndarray:
    """Return uint8 [rows]: 0 for a sound row, else the place in ``_REASONS`` from 1."""
    unread = np.flatnonzero(~times.readable)
    text = pc.utf8_trim(as_text(pick(time, unread)), BLANKS)
    blank = pc.equal(text, "").fill_null(True).to_numpy()
    reason = np.zeros(len(times.us), np.uint8)
    reason[outcome.infinite] = 6
    reason[outcome.unreadable] = 5
    reason[unread] = np.where(blank, 3, 4)
    reason[item.code == BLANK] = 2
    reason[user.code == BLANK] = 1
    return reason


def _rejected(text: TextTable, reason: np.ndarray, chosen: Mapping[str, str]) -> RejectedRows:
    rows = np.flatnonzero(reason)
    bad = pick(text.table, rows)
    faults = [_REASONS[one - 1] for one in reason[rows].tolist()]
    names = [chosen.get(role, "") for _, role in faults]
    places = {name: text.names.index(name) for name in set(names)}
    cells = {name: as_text(bad[f"c{place}"]).to_pylist() for name, place in places.items()}
    shown = [cells[name][row] or "" for row, name in enumerate(names)]
    malformed = text.malformed
    whole = pa.table(
        {
            "line": pa.array(bad["line"].to_pylist() + [one.line for one in malformed], pa.int64()),
            "column": pa.array(names + [""] * len(malformed), pa.string()),
            "text": pa.array(shown + [one.text for one in malformed], pa.string()),
            "reason": pa.array(
                [words for words, _ in faults] + [one.reason for one in malformed], pa.string()
            ),
        }
    )
    return RejectedRows(whole.sort_by("line"))


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


def _import_warnings(
    text: TextTable,
    times: Times,
    timezone: str,
    line: np.ndarray,
    data: Interactions,
) -> list[Warned]:
    found = []
    if len(times.odd_units):
        found.append(
            warned(
                "MIXED_TIME_UNITS",
                f"{plural(len(times.odd_units), 'time is', 'times are')} in another unit than the"
                f" rest of the column; each was read by its size ({times.how})",
                line[times.odd_units],
            )
        )
    if times.ambiguous:
        order = "day first" if times.order else "month first"
        message = (
            f"dates contradict one another: {times.contrary:,} can only be the other way round than"
            f" the rest, which was read {order}"
            if times.contrary
            else f"nothing tells day from month in the dates; they were read {order}"
        )
        found.append(Warned("AMBIGUOUS_DATES", message, len(data)))
    if times.naive:
        count = plural(times.naive, "time names", "times name")
        message = f"{count} no zone: read as {timezone}"
        found.append(Warned("NAIVE_TIMES", message, times.naive))
    if len(times.gaps):
        found.append(
            warned(
                "LOCAL_TIME_GAPS",
                f"{plural(len(times.gaps), 'local time has', 'local times have')} no single meaning"
                " where clocks were changed; read as the first of two, or the next that exists",
                line[times.gaps],
            )
        )
    if times.counted_days:
        message = f"all times lie in one day of 1970; {COUNTED_DAYS}"
        found.append(Warned("COUNTED_DAYS", message, len(data)))
    if times.day_only:
        message = "every time is a midnight: within a day there is no order and no gap"
        found.append(Warned("DAY_RESOLUTION", message, len(data)))
    if text.encoding == "cp1252":
        message = "the file is not UTF-8; it was read as Windows-1252"
        found.append(Warned("ENCODING_GUESSED", message, len(line)))
    unjudged = int(np.isnan(data.outcome).sum())
    if unjudged:
        count = plural(unjudged, "interaction has", "interactions have")
        message = f"{count} no outcome: history, never a target"
        found.append(Warned("MISSING_OUTCOMES", message, unjudged))
    return found


def _copies_warning(lines: np.ndarray, kept: bool) -> list[Warned]:
    if not len(lines):
        return []
    became = ": kept, as was asked for" if kept else ": dropped"
    count = plural(len(lines), "row equals", "rows equal")
    message = f"{count} an earlier row in every column{became}"
    return [warned("DUPLICATES", message, lines)]


def _no_users_warning(chosen: Mapping[str, str], rows: int) -> list[Warned]:
    if not sessions_are_users(chosen):
        return []
    message = (
        f"no column says who: each {chosen[USER_ID]!r} counts as a user of its own, so that nothing"
        " is known from one session to the next"
    )
    return [Warned("SESSIONS_ARE_USERS", message, rows)]


def _nothing_left(text: TextTable, rejected: RejectedRows) -> str:
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in rejected.by_reason().items())
    first = rejected[0]
    shown = f"'{first.text}'" if first.text else "nothing there"
    where = f" in column '{first.column}'" if first.column else ""
    formats = (
        " Times are read as Unix times, as ISO 8601, or as dates whose year has four digits, such"
        " as 25/03/2024 14:05 and 25 Mar 2024."
        if first.reason == "time unreadable"
        else ""
    )
    return (
        f"none of {text.rows:,} rows can be used: {reasons}; the first is line {first.line}{where}"
        f" ({shown}).{formats} Check which column is the user, the item and the time"
    )
