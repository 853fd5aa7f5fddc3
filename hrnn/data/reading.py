"""Reading an interaction log: the one way in, for files and DataFrames alike."""

from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa

from hrnn.columns import ITEM_ID, OUTCOME, SESSION, SESSION_ID, TIMESTAMP, USER_ID
from hrnn.data.findings import find_oddities, warned
from hrnn.data.interactions import Interactions
from hrnn.data.mapping import resolve_columns
from hrnn.data.outcomes import find_mode
from hrnn.data.report import ColumnReading, ImportReport, RejectedRows, Warned
from hrnn.data.tables import Source, TextTable, load_text
from hrnn.data.timestamps import TimeReading, parse_times
from hrnn.errors import DataError

#: What may stand around an id and does not belong to it.
BLANKS = " \t\n\u00a0"

_PREVIEW_ROWS = 200
NO_EXTENSIONS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


def read_interactions(
    source: Source,
    columns: Mapping[str, str | None] | None = None,
    time_unit: str | None = None,
    dayfirst: bool | None = None,
    timezone: str = "UTC",
) -> Interactions:
    """Read a log of interactions.

    Ids are text, kept as they are but for spaces around them. A row with a blank user, item or
    time, an unreadable time or outcome, or too many fields is rejected and reported; a row equal
    to an earlier one in every column is a duplicate and dropped. Without an outcome column every
    OUTCOME is 1; a blank outcome is NaN: seen, but not judged.

    Args:
        source: path, bytes or file object of a CSV or Parquet file, or a DataFrame.
        columns: role → column of the source, e.g. ``{"USER_ID": "visitor"}``; what is not named
            is guessed, None leaves an optional role out.
        time_unit: "s", "ms", "us" or "ns" for numeric times; decided per value if None.
        dayfirst: order of dates such as 03/04/2024; decided by the column if None, and read
            day-first with a warning where nothing decides.
        timezone: zone of times that name none.

    Raises:
        DataError: no table, no such column, or no row that can be used.
        ConfigError: ``time_unit`` or ``timezone`` is unknown.
    """
    text = load_text(source)
    chosen = resolve_columns(text.names, first_values(text), columns)
    cells = {role: f"c{text.names.index(name)}" for role, name in chosen.items()}
    with duckdb.connect(":memory:", config=NO_EXTENSIONS) as con:
        con.register("source", text.table)
        times = parse_times(con, cells[TIMESTAMP], time_unit, dayfirst, timezone)
        _check_rows(con, cells)
        rejected = _rejected(con, text, chosen)
        duplicates = _mark_duplicates(con, len(text.names))
        kept = _kept(con, text, cells)
    if not kept.num_rows:
        raise DataError(_nothing_left(text, rejected))
    line = kept["line"].to_numpy()
    tied = _tied(kept)
    data = Interactions(_named(kept.drop_columns(["line", "rest"]), text, chosen), _NO_REPORT)
    oddities = (
        *_import_warnings(text, times, timezone, duplicates, data),
        *find_oddities(data, line, tied),
    )
    roles = {name: role for role, name in chosen.items()}
    how = {TIMESTAMP: times.how, OUTCOME: "number"}
    reading = {
        name: ColumnReading(roles.get(name), how.get(roles.get(name, ""), "text"))
        for name in text.names
    }
    report = ImportReport(
        accepted=len(data),
        duplicates=len(duplicates),
        rejected=rejected,
        warnings=oddities,
        columns=reading,
        separator=text.separator,
        encoding=text.encoding,
        rows=text.rows,
        outcome_mode=find_mode(data.outcome),
    )
    return Interactions(data.table, report)


_NO_REPORT = ImportReport(
    accepted=0, duplicates=0, rejected=RejectedRows(), warnings=(), columns={}
)


def first_values(text: TextTable) -> dict[str, list[str]]:
    """Return the first values of each column, for guessing and for previews."""
    head = text.table.slice(0, _PREVIEW_ROWS)
    return {name: head[f"c{i}"].to_pylist() for i, name in enumerate(text.names)}


def _blank(cell: str) -> str:
    return f"nullif(trim({cell}, '{BLANKS}'), '')"


def _check_rows(con: duckdb.DuckDBPyConnection, cells: Mapping[str, str]) -> None:
    """Make ``checked``: every row with its ids, time and outcome, and why it is rejected."""
    outcome = session = outcome_text = "NULL"
    if OUTCOME in cells:
        outcome_text = f"lower({_blank(cells[OUTCOME])})"
        outcome = f"""CASE {outcome_text} WHEN 'true' THEN 1.0 WHEN 'false' THEN 0.0
            WHEN 'nan' THEN NULL ELSE TRY_CAST(replace({outcome_text}, '_', ' ') AS DOUBLE) END"""
    if SESSION_ID in cells:
        session = _blank(cells[SESSION_ID])
    time = cells[TIMESTAMP]
    con.execute(
        f"""CREATE TABLE checked AS
        SELECT line, user_id, item_id, time_us, rest, outcome, session_id, CASE
            WHEN user_id IS NULL THEN 'user missing'
            WHEN item_id IS NULL THEN 'item missing'
            WHEN time_text IS NULL THEN 'time missing'
            WHEN time_us IS NULL THEN 'time unreadable'
            WHEN outcome IS NULL AND outcome_text NOT IN ('nan') THEN 'outcome is not a number'
            WHEN NOT isfinite(outcome) THEN 'outcome is not a finite number'
            END AS reason
        FROM (
            SELECT source.line, {_blank(cells[USER_ID])} AS user_id,
                {_blank(cells[ITEM_ID])} AS item_id, times.time_us, times.rest,
                {_blank(time)} AS time_text, CAST({outcome} AS DOUBLE) AS outcome,
                {outcome_text} AS outcome_text, CAST({session} AS VARCHAR) AS session_id
            FROM source JOIN times USING (line))"""
    )


_COLUMN_AT_FAULT = {"user": USER_ID, "item": ITEM_ID, "time": TIMESTAMP, "outcome": OUTCOME}


def _rejected(
    con: duckdb.DuckDBPyConnection, text: TextTable, chosen: Mapping[str, str]
) -> RejectedRows:
    names = {word: chosen.get(role, "") for word, role in _COLUMN_AT_FAULT.items()}
    cases = " ".join(
        f"WHEN '{word}' THEN c{text.names.index(name)}" for word, name in names.items() if name
    )
    bad = con.sql(
        f"""SELECT line, split_part(reason, ' ', 1) AS word,
            coalesce(CASE split_part(reason, ' ', 1) {cases} END, '') AS text, reason
        FROM checked JOIN source USING (line) WHERE reason IS NOT NULL ORDER BY line"""
    ).to_arrow_table()
    columns = [names[word] for word in bad["word"].to_pylist()]
    whole = pa.table(
        {
            "line": pa.array(
                bad["line"].to_pylist() + [m.line for m in text.malformed], pa.int64()
            ),
            "column": pa.array(columns + [""] * len(text.malformed), pa.string()),
            "text": pa.array(
                bad["text"].to_pylist() + [m.text for m in text.malformed], pa.string()
            ),
            "reason": pa.array(
                bad["reason"].to_pylist() + [m.reason for m in text.malformed], pa.string()
            ),
        }
    )
    return RejectedRows(whole.sort_by("line"))


def _mark_duplicates(con: duckdb.DuckDBPyConnection, width: int) -> np.ndarray:
    """Make ``duplicate``: lines of sound rows that equal an earlier one in every column.

    Rows are told apart by user, item, time and a 64-bit hash of all their cells.
    """
    cells = ", ".join(f"c{i}" for i in range(width))
    con.execute(
        f"""CREATE TABLE duplicate AS SELECT line FROM (
            SELECT line, row_number() OVER (
                PARTITION BY user_id, item_id, time_us, hash({cells}) ORDER BY line) AS copy
            FROM checked JOIN source USING (line) WHERE reason IS NULL)
        WHERE copy > 1"""
    )
    lines = con.execute("SELECT line FROM duplicate ORDER BY line").fetchnumpy()["line"]
    return np.asarray(lines)


def _kept(con: duckdb.DuckDBPyConnection, text: TextTable, cells: Mapping[str, str]) -> pa.Table:
    others = [f"c{i}" for i in range(len(text.names)) if f"c{i}" not in cells.values()]
    extra = "".join(f", {_blank(cell)} AS {cell}" for cell in others)
    outcome = "outcome" if OUTCOME in cells else "1.0"
    return con.sql(
        f"""SELECT user_id, item_id, time_us, CAST({outcome} AS DOUBLE) AS outcome, session_id,
            checked.line AS line, rest {extra}
        FROM checked JOIN source USING (line) ANTI JOIN duplicate USING (line)
        WHERE reason IS NULL ORDER BY user_id, time_us, rest, line"""
    ).to_arrow_table()


def _tied(kept: pa.Table) -> np.ndarray:
    user = kept["user_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    same = np.diff(user) == 0
    for name in ("time_us", "rest"):
        same &= np.diff(kept[name].to_numpy()) == 0
    tied = np.zeros(kept.num_rows, bool)
    tied[1:] |= same
    tied[:-1] |= same
    return tied


def _named(kept: pa.Table, text: TextTable, chosen: Mapping[str, str]) -> pa.Table:
    taken = {USER_ID, ITEM_ID, TIMESTAMP, OUTCOME, SESSION_ID, SESSION}
    columns = {
        USER_ID: kept["user_id"].dictionary_encode(),
        ITEM_ID: kept["item_id"].dictionary_encode(),
        TIMESTAMP: kept["time_us"].cast(pa.timestamp("us", "UTC")),
        OUTCOME: kept["outcome"],
        SESSION_ID: kept["session_id"].dictionary_encode(),
    }
    for place, name in enumerate(text.names):
        if name not in chosen.values():
            # A column of the file may not pass for one of ours.
            columns[f"{name} (file)" if name in taken else name] = kept[f"c{place}"]
    return pa.table(columns).combine_chunks()


def _import_warnings(
    text: TextTable,
    times: TimeReading,
    timezone: str,
    duplicates: np.ndarray,
    data: Interactions,
) -> list[Warned]:
    found = []
    if times.unit_lines:
        found.append(
            warned(
                "MIXED_TIME_UNITS",
                f"{len(times.unit_lines):,} times are in another unit than the rest of the column;"
                f" each was read by its size ({times.how})",
                times.unit_lines,
            )
        )
    if times.ambiguous:
        message = "nothing tells day from month in the dates; they were read day first"
        found.append(Warned("AMBIGUOUS_DATES", message, len(data)))
    if times.naive:
        message = f"{times.naive:,} times name no zone; they were read as {timezone}"
        found.append(Warned("NAIVE_TIMES", message, times.naive))
    if times.gap_lines:
        found.append(
            warned(
                "LOCAL_TIME_GAPS",
                f"{len(times.gap_lines):,} local times are ambiguous or do not exist, where clocks"
                " were changed; read as the first of the two, or the next that exists",
                times.gap_lines,
            )
        )
    if times.day_only:
        message = "every time is a midnight: within a day there is no order and no gap"
        found.append(Warned("DAY_RESOLUTION", message, len(data)))
    if text.encoding == "cp1252":
        message = "the file is not UTF-8; it was read as Windows-1252"
        found.append(Warned("ENCODING_GUESSED", message, text.rows))
    if len(duplicates):
        message = f"{len(duplicates):,} rows equal an earlier row in every column and were dropped"
        found.append(warned("DUPLICATES", message, duplicates))
    unjudged = int(np.isnan(data.outcome).sum())
    if unjudged:
        message = f"{unjudged:,} interactions have no outcome; they are history, never a target"
        found.append(Warned("MISSING_OUTCOMES", message, unjudged))
    return found


def _nothing_left(text: TextTable, rejected: RejectedRows) -> str:
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in rejected.by_reason().items())
    first = rejected[0]
    shown = f"'{first.text}'" if first.text else "nothing there"
    where = f" in column '{first.column}'" if first.column else ""
    return (
        f"none of {text.rows:,} rows can be used: {reasons}; the first is line {first.line}{where}"
        f" ({shown}). Check which column is the user, the item and the time"
    )
