"""Rows that cannot be used, each with its reason."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from hrnn.columns import ITEM_ID, OUTCOME, TIMESTAMP, USER_ID
from hrnn.data.arrow import pc, pick
from hrnn.data.coded import BLANK, Coded
from hrnn.data.outcome_column import Outcomes
from hrnn.data.report import RejectedRows
from hrnn.data.sql import BLANKS
from hrnn.data.tables import TextTable, as_text
from hrnn.data.timestamps import Times, read_times

#: The column of times of day, among the roles.
TIME_OF_DAY = "TIME_OF_DAY"
#: Why a row is rejected, and which column is at fault; the first that holds is said.
_REASONS = (
    ("user missing", USER_ID),
    ("item missing", ITEM_ID),
    ("time missing", TIMESTAMP),
    ("time unreadable", TIMESTAMP),
    ("outcome is not a number", OUTCOME),
    ("outcome is not a finite number", OUTCOME),
    ("time of day missing", TIME_OF_DAY),
    ("time of day unreadable", TIME_OF_DAY),
)
_TIME_MISSING, _TIME_UNREADABLE, _CLOCK_MISSING, _CLOCK_UNREADABLE = 3, 4, 7, 8


def reasons(
    user: Coded, item: Coded, time: pa.ChunkedArray, times: Times, outcome: Outcomes
) -> np.ndarray:
    """Return uint8 [rows]: 0 for a sound row, else the place in ``_REASONS`` from 1."""
    unread = np.flatnonzero(~times.readable)
    reason = np.zeros(len(times.us), np.uint8)
    reason[outcome.infinite] = 6
    reason[outcome.unreadable] = 5
    reason[unread] = np.where(_blank(pick(time, unread)), _TIME_MISSING, _TIME_UNREADABLE)
    reason[item.code == BLANK] = 2
    reason[user.code == BLANK] = 1
    return reason


def blame_clock(
    reason: np.ndarray,
    dates: pa.ChunkedArray,
    clocks: pa.ChunkedArray,
    dayfirst: bool | None,
    timezone: str,
) -> None:
    """Blame the time of day where a time has none that can be read, and its date can.

    Args:
        reason: of each row, as :func:`reasons` returned it; it is changed.
        dates: the column of dates, to which times of day were joined.
        clocks: the column of times of day.
        dayfirst: the order in which the dates were read.
        timezone: of times that name none.
    """
    rows = np.flatnonzero((reason == _TIME_MISSING) | (reason == _TIME_UNREADABLE))
    alone = read_times(as_text(pick(dates, rows)), None, dayfirst, timezone)
    missing = _blank(pick(clocks, rows))[alone.readable]
    reason[rows[alone.readable]] = np.where(missing, _CLOCK_MISSING, _CLOCK_UNREADABLE)


def reject(text: TextTable, reason: np.ndarray, chosen: Mapping[str, str]) -> RejectedRows:
    """Return the rows with a reason, and the malformed ones.

    Args:
        text: the source.
        reason: of each row, 0 for none.
        chosen: role → column.
    """
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


def _blank(column: pa.ChunkedArray) -> np.ndarray:
    return pc.equal(pc.utf8_trim(as_text(column), BLANKS), "").fill_null(True).to_numpy()


def nothing_left(text: TextTable, rejected: RejectedRows) -> str:
    """Say why no row can be used, and what to do."""
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
    remedy = (
        "Outcomes are numbers with a decimal point; choose another column for them, or none"
        if first.reason.startswith("outcome")
        else "Check which column is the user, the item and the time"
    )
    return (
        f"none of {text.rows:,} rows can be used: {reasons}; the first is line {first.line}{where}"
        f" ({shown}).{formats} {remedy}"
    )
