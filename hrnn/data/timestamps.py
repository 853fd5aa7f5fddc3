"""Times of a text column, decided per value where they can be and per column where they must be."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
import numpy as np
import pyarrow as pa

from hrnn.data.arrow import pc, pick
from hrnn.data.local_times import to_utc
from hrnn.data.month_names import MONTH, in_digits
from hrnn.data.plain_times import BOUNDS as _BOUNDS
from hrnn.data.plain_times import CODES, EARLIEST_S, LATEST_S, NOT_READ, read_plain
from hrnn.data.plain_times import PER_SECOND as UNITS
from hrnn.data.sql import connect
from hrnn.errors import ConfigError

_NUMBER = r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?"
_DATE = (
    r"^(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})"
    r"(?:(?:\s*[Tt]\s*|,?\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?)?"
    r"\s*([AaPp][Mm])?\s*([Zz]|UTC|GMT|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?$"
)
_DAY_US = 86_400_000_000
#: What a spreadsheet counts days to, of the years 1954 to 2118; as seconds they are one afternoon.
_SHEET_DAYS = (20_000, 80_000)
#: Years; as seconds they are three minutes of 1970.
_YEARS = (1_900, 2_100)
#: Stand-ins for "never" among yyyymmdd: they say nothing of what the others are.
_NEVER = r"(0+|9{8}|9{12}|9{14})(\.0*)?"
#: Dates that only the other order explains are slips up to so large a share of the others.
_SLIPS = 0.1
_COMPACT = r"^(\d{4})(\d{2})(\d{2})(?:[Tt]?(\d{2})(\d{2})(\d{2})?([Zz])?)?(?:\.0*)?$"


#: What to do about times that count days or years.
COUNTED_DAYS = (
    "if they are years, or a spreadsheet's, which counts days, write them as dates and times"
)


@dataclass(frozen=True)
class Times:
    """A column of times, and how it was read.

    Attributes:
        us: int64 [rows], microseconds since the epoch in UTC; 0 where it is not readable.
        rest: float64 [rows] in [0, 1), what lies below a microsecond, so that finer times still
            sort; None if nothing does.
        readable: bool [rows].
        how: in words, for people.
        odd_units: rows whose epoch unit is not the column's most common one.
        order: whether dates such as 3/4/2024 were read day first; None without any.
        ambiguous: whether nothing in the column told day from month, or dates contradict others.
        contrary: how many dates only the other order explains; they are not readable.
        naive: how many readable values carry no zone.
        gaps: rows whose local time is ambiguous or does not exist in the declared zone.
        day_only: whether every readable time is a midnight.
        counted_days: whether all are numbers, their unit was guessed, and they would be seconds of
            one day of 1970, but are as large as years or the day numbers of a spreadsheet.
    """

    us: np.ndarray
    rest: np.ndarray | None
    readable: np.ndarray
    how: str
    odd_units: np.ndarray
    order: bool | None
    ambiguous: bool
    contrary: int
    naive: int
    gaps: np.ndarray
    day_only: bool
    counted_days: bool


def read_times(
    text: pa.ChunkedArray,
    time_unit: str | None = None,
    dayfirst: bool | None = None,
    timezone: str = "UTC",
) -> Times:
    """Read a text column as times.

    Args:
        text: the column.
        time_unit: unit of whole numbers; decided for each by its size if None.
        dayfirst: order of day and month; decided by the column if None.
        timezone: zone of times that name none.

    Raises:
        ConfigError: ``time_unit`` or ``timezone`` is unknown.
    """
    if time_unit is not None and not (isinstance(time_unit, str) and time_unit in UNITS):
        raise ConfigError(f"time_unit={time_unit!r}: it must be one of {', '.join(UNITS)} or None")
    if dayfirst is not None and not isinstance(dayfirst, bool):
        raise ConfigError(f"dayfirst={dayfirst!r}: it must be True, False or None")
    _zone(timezone)
    if timezone.upper() == "UTC":
        plain = read_plain(text, time_unit)
        us, rest, code, naive = plain.us, plain.rest, plain.code, plain.naive
    else:  # dates without a zone have to be moved
        us, rest, naive = np.zeros(len(text), np.int64), None, 0
        code = np.full(len(text), NOT_READ, np.uint8)
    empty = pc.equal(pc.binary_length(text), 0).fill_null(True).to_numpy()
    rows = np.flatnonzero((code == NOT_READ) & ~empty)
    read, found = Patterns(), dict[str, np.ndarray]()
    if len(rows):
        epoch = (code > 0) & (code < NOT_READ)
        with connect() as con:
            con.register("source", pa.table({"line": rows, "text": pick(text, rows)}))
            epochs = int(np.count_nonzero(us[epoch]))
            read = parse_times(con, "text", time_unit, dayfirst, timezone, epochs)
            columns = con.execute(
                "SELECT line, time_us, rest, unit, naive FROM times WHERE time_us IS NOT NULL"
            ).fetchnumpy()
        found = {name: np.asarray(column) for name, column in columns.items()}
        if read.compact:  # what was read plainly is no epoch either
            us[epoch], code[epoch], rest = 0, NOT_READ, None
    midnights = rest is None and not (us % _DAY_US).any()
    if found:
        at = found["line"]
        us[at] = found["time_us"]
        code[at] = _codes(found["unit"])
        naive += int(found["naive"].sum())
        if found["rest"].any():
            rest = np.zeros(len(text)) if rest is None else rest
            rest[at] = found["rest"]
    readable = code != NOT_READ
    counts = np.bincount(code, minlength=len(CODES))[: len(CODES)]
    units = [int(one) for one in np.argsort(-counts, kind="stable") if one and counts[one]]
    odd = np.flatnonzero(readable & (code != 0) & (code != units[0])) if units else rows[:0]
    return Times(
        us=us,
        rest=rest,
        readable=readable,
        how=_describe([CODES[one] for one in units], counts[0], naive, read.order, timezone),
        odd_units=odd,
        order=read.order,
        ambiguous=read.ambiguous,
        contrary=read.contrary,
        naive=naive,
        gaps=np.array(read.gap_lines, np.int64),
        day_only=bool(readable.any()) and midnights and read.midnights,
        counted_days=time_unit is None and bool(units) and _counts_days(us[readable]),
    )


def _counts_days(us: np.ndarray) -> bool:
    least, most = us.min() / 1_000_000, us.max() / 1_000_000
    return any(low <= least and most < high for low, high in (_SHEET_DAYS, _YEARS))


def _codes(units: np.ndarray) -> np.ndarray:
    kinds, place = np.unique(units.astype(str), return_inverse=True)
    return np.array([CODES.index(one) for one in kinds], np.uint8)[place]


@dataclass(frozen=True)
class Patterns:
    """What the patterns decided for a whole column.

    Attributes:
        order: whether the day stands before the month; None without dates such as 3/4/2024.
        ambiguous: whether nothing told that, or dates contradict one another.
        contrary: how many dates only the other order explains.
        compact: whether numbers are dates such as 20240301.
        gap_lines: lines whose local time is ambiguous or does not exist in the declared zone.
        midnights: whether all is a midnight, of the declared zone where none is named.
    """

    order: bool | None = None
    ambiguous: bool = False
    contrary: int = 0
    compact: bool = False
    gap_lines: Sequence[int] = ()
    midnights: bool = True


def parse_times(
    con: duckdb.DuckDBPyConnection,
    column: str,
    time_unit: str | None = None,
    dayfirst: bool | None = None,
    timezone: str = "UTC",
    epochs: int = 0,
) -> Patterns:
    """Read ``source.column`` into a table ``times(line, time_us, rest, unit, naive)``.

    ``time_us`` is int64 microseconds since the epoch in UTC, NULL where the text is unreadable;
    ``rest`` in [0, 1) is what lies below a microsecond; ``unit`` is one of :data:`CODES`.

    Args:
        con: a connection that knows ``source``, with its ``line``.
        column: of ``source``.
        time_unit: as in :func:`read_times`, and so are the next two.
        dayfirst: see there.
        timezone: see there.
        epochs: how many other rows hold epochs, so that 20240301 may be one too.
    """
    zone = _zone(timezone)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE parts AS
        SELECT line, text,
            CASE WHEN regexp_full_match(text, '{_NUMBER}')
                THEN TRY_CAST(text AS DECIMAL(38, 15)) END AS n,
            regexp_extract(text, '{_DATE}', ['a','b','c','h','mi','s','f','ap','z']) AS d,
            regexp_extract(text, '{_COMPACT}', ['y','m','d','h','mi','s','z']) AS k
        FROM (SELECT line, {_plain(con, column)} AS text FROM source)"""
    )
    compact = time_unit is None and _are_compact_dates(con, epochs)
    day_before_month, ambiguous, contrary = _day_order(con, dayfirst)
    epoch = _epoch_sql(time_unit)
    date = _date_sql(day_before_month)
    numeric = "FALSE" if compact else "n IS NOT NULL"
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE times AS
        WITH read AS (
            SELECT line,
                CASE WHEN {numeric} THEN ({epoch["us"]}) ELSE ({date["us"]}) END AS fine,
                CASE WHEN {numeric} THEN ({epoch["unit"]}) ELSE 'date' END AS unit,
                CASE WHEN {numeric} THEN FALSE ELSE d.z = '' AND k.z = '' END AS naive,
                CASE WHEN {numeric} THEN 0 ELSE ({date["rest"]}) END AS rest
            FROM parts)
        SELECT line, CAST(floor(fine) AS BIGINT) AS time_us,
            CAST(fine - floor(fine) AS DOUBLE) + rest AS rest, unit, naive
        FROM (SELECT * REPLACE (CASE WHEN fine >= {EARLIEST_S}::BIGINT * 1000000
            AND fine < {LATEST_S}::BIGINT * 1000000 THEN fine END AS fine) FROM read)"""
    )
    midnights = _one(
        con, "SELECT coalesce(bool_and(time_us % 86400000000 = 0 AND rest = 0), TRUE) FROM times"
    )
    gap_lines = _localize(con, zone) if timezone.upper() != "UTC" else []
    order = day_before_month if _has_slashed(con) else None
    return Patterns(order, ambiguous, contrary, compact, gap_lines, bool(midnights))


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    # OSError: a folder such as 'Europe'; TypeError and AttributeError: no text at all
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError, AttributeError):
        raise ConfigError(
            f"timezone={timezone!r}: it must be a name such as 'UTC' or 'Europe/Zurich'"
        ) from None


def _row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    return _row(con, sql)[0]


def _are_compact_dates(con: duckdb.DuckDBPyConnection, epochs: int) -> bool:
    """Whether numbers are yyyymmdd, with hhmm or hhmmss: as an epoch, days would be seconds.

    They are if half of them can be: one that cannot is a slip. Of the seconds from 1900 to 2100 so
    written, one in 27 is a date by chance.
    """
    dates, others = _row(
        con,
        "SELECT count(*) FILTER (date), count(*) FILTER (NOT date AND NOT"
        f" regexp_full_match(text, '{_NEVER}')) FROM (SELECT text, k.y BETWEEN '1900' AND '2100'"
        " AND TRY_CAST(k.y || '-' || k.m || '-' || k.d AS DATE) IS NOT NULL"
        " AND k.h < '24' AND k.mi < '60' AND k.s < '60' AS date FROM parts WHERE n IS NOT NULL)",
    )
    return dates > 0 and dates >= others + epochs


def _plain(con: duckdb.DuckDBPyConnection, column: str) -> str:
    """Make SQL that trims, and writes 1:05\u202fp.m. as 1:05 pm and 25 Mar 2024 as 2024-3-25."""
    plain = f"trim(translate({column}, '\t\u00a0\u202f\u2009', '    '))"
    plain = f"regexp_replace({plain}, '([AaPp])\\.\\s?([Mm])\\.?', '\\1\\2')"
    named = _one(con, f"SELECT bool_or(regexp_matches({plain}, '(?i){MONTH}')) FROM source")
    return in_digits(plain) if named else plain


_SLASHED = "length(d.a) BETWEEN 1 AND 2 AND length(d.c) = 4"


def _has_slashed(con: duckdb.DuckDBPyConnection) -> bool:
    return _one(con, f"SELECT count(*) FROM parts WHERE {_SLASHED}") > 0


def _day_order(con: duckdb.DuckDBPyConnection, dayfirst: bool | None) -> tuple[bool, bool, int]:
    """Return (day before month, undecidable, dates against it), settled by the whole column."""
    if dayfirst is not None:
        return dayfirst, False, 0
    first_is_day, second_is_day, differ = _row(
        con,
        f"""SELECT count(*) FILTER (CAST(d.a AS INT) > 12), count(*) FILTER (CAST(d.b AS INT) > 12),
            count(*) FILTER (CAST(d.a AS INT) <> CAST(d.b AS INT))
        FROM parts WHERE {_SLASHED}""",
    )
    fewer, more = sorted((first_is_day, second_is_day))
    ambiguous = differ > 0 if more == 0 else fewer > _SLIPS * more
    return first_is_day >= second_is_day, ambiguous, fewer


def _epoch_sql(time_unit: str | None) -> dict[str, str]:
    if time_unit is None:
        unit = "CASE " + " ".join(
            f"WHEN abs(n) < {bound} THEN '{name}'" for name, bound in _BOUNDS.items()
        )
        unit += " ELSE 'ns' END"
    else:
        unit = f"'{time_unit}'"
    cases = []
    for name, per_second in UNITS.items():
        limit = f"abs(n) < {LATEST_S * per_second}"  # before it can overflow
        # Decimals are exact; a division would go through a double and lose nanoseconds.
        scaled = f"n * {10**6 // per_second if per_second <= 10**6 else 0.001}"
        cases.append(f"WHEN '{name}' THEN CASE WHEN {limit} THEN {scaled} END")
    return {"unit": unit, "us": f"CASE {unit} {' '.join(cases)} END"}


def _date_sql(day_before_month: bool) -> dict[str, str]:
    day, month = ("d.a", "d.b") if day_before_month else ("d.b", "d.a")
    date = f"""CASE
        WHEN length(d.a) = 4 AND length(d.c) <= 2 THEN d.a || '-' || d.b || '-' || d.c
        WHEN {_SLASHED} THEN d.c || '-' || {month} || '-' || {day}
        WHEN k.y <> '' THEN k.y || '-' || k.m || '-' || k.d END"""
    hour = """CASE
        WHEN d.ap = '' THEN d.h
        WHEN CAST(d.h AS INT) NOT BETWEEN 1 AND 12 THEN '99'
        ELSE CAST(CAST(d.h AS INT) % 12
            + CASE WHEN lower(d.ap) = 'pm' THEN 12 ELSE 0 END AS VARCHAR)
        END"""
    clock = f"""CASE
        WHEN d.h <> '' THEN
            ({hour}) || ':' || d.mi || ':' || CASE WHEN d.s = '' THEN '00' ELSE d.s END
        WHEN d.ap <> '' THEN '99:00:00'
        WHEN k.h <> '' THEN k.h || ':' || k.mi || ':' || CASE WHEN k.s = '' THEN '00' ELSE k.s END
        ELSE '00:00:00' END"""
    digits = "CASE WHEN d.f = '' THEN '' ELSE '.' || substr(d.f, 1, 6) END"
    local = f"epoch_us(TRY_CAST(({date}) || ' ' || ({clock}) || {digits} AS TIMESTAMP))"
    zone = "replace(d.z, ':', '')"
    minutes = f"""CASE WHEN length({zone}) >= 3 AND {zone}[1] IN ('+', '-')
        THEN CAST({zone}[1] || '1' AS INT) * (CAST({zone}[2:3] AS INT) * 60
            + CASE WHEN length({zone}) = 5 THEN CAST({zone}[4:5] AS INT) ELSE 0 END)
        ELSE 0 END"""
    rest = "CASE WHEN length(d.f) > 6 THEN TRY_CAST('0.' || substr(d.f, 7) AS DOUBLE) ELSE 0 END"
    return {"us": f"({local}) - CAST({minutes} AS BIGINT) * 60000000", "rest": rest}


def _localize(con: duckdb.DuckDBPyConnection, zone: ZoneInfo) -> list[int]:
    """Move times without a zone to UTC; return the lines that had no single meaning."""
    naive = con.execute(
        "SELECT line, time_us FROM times WHERE naive AND time_us IS NOT NULL"
    ).fetchnumpy()
    line = np.asarray(naive["line"])
    utc, unsure = to_utc(np.asarray(naive["time_us"]), zone)
    con.register("moved", pa.table({"line": line, "utc": utc}))
    con.execute("UPDATE times SET time_us = moved.utc FROM moved WHERE times.line = moved.line")
    con.unregister("moved")
    return sorted(line[unsure].tolist())


_WORDS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


def _describe(
    units: list[str], dates: int, naive: int, day_before_month: bool | None, timezone: str
) -> str:
    said = []
    if units:
        said.append("Unix " + " and ".join(_WORDS[unit] for unit in units))
    if dates:
        order = {None: "", True: ", day before month", False: ", month before day"}[
            day_before_month
        ]
        zone = f", {timezone} where no zone is given" if naive else ""
        said.append(f"dates{order}{zone}")
    return "; ".join(said) or "unreadable"
