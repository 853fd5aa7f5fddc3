"""What is said of how a source was read: guesses, and what it does not tell."""

from collections.abc import Mapping

import numpy as np

from hrnn.columns import REQUIRED, USER_ID
from hrnn.data.findings import warned
from hrnn.data.interactions import Interactions
from hrnn.data.mapping import sessions_are_users
from hrnn.data.outcomes import find_mode
from hrnn.data.report import Warned
from hrnn.data.tables import TextTable
from hrnn.data.timestamps import COUNTED_DAYS, Times
from hrnn.errors import listed
from hrnn.words import plural


def about_reading(
    text: TextTable,
    times: Times,
    timezone: str,
    line: np.ndarray,
    data: Interactions,
    chosen: Mapping[str, str],
) -> list[Warned]:
    """Say what was guessed of times and encodings, what they do not tell, and what was not read.

    Args:
        text: the source.
        times: its times.
        timezone: of times that name none.
        line: int64 array, the line of each row of the source.
        data: the accepted rows.
        chosen: role → column.
    """
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
    coarse = [name for name in (chosen[role] for role in REQUIRED) if name in text.coarse]
    if coarse:
        message = (
            f"{plural(len(coarse), 'column holds', 'columns hold')} floats of 32 bits or less"
            f" ({listed(coarse)}), which know ids beyond 16,777,216 and Unix seconds no closer than"
            " to two minutes; pass wider numbers, or text"
        )
        found.append(Warned("COARSE_NUMBERS", message, len(data)))
    if text.unread:
        count = plural(len(text.unread), "other sheet")
        which = f"{count} of the workbook not read ({listed(text.unread, 3)})"
        message = f"{which}; put all rows on one sheet"
        found.append(Warned("SHEETS_NOT_READ", message, len(text.unread)))
    if text.encoding == "cp1252":
        message = "the file is not UTF-8; it was read as Windows-1252"
        found.append(Warned("ENCODING_GUESSED", message, len(line)))
    amounts = _few_amounts(data.outcome)
    if amounts:
        said = " or ".join(f"{one:g}" for one in amounts)
        be = "every outcome is" if len(amounts) == 1 else "outcomes are"
        message = (
            f"{be} {said}, read as amounts; if they only say yes or no, take them as positives or"
            " as binary where the model is trained"
        )
        found.append(Warned("TWO_OUTCOMES", message, len(data)))
    unjudged = int(np.isnan(data.outcome).sum())
    if unjudged:
        count = plural(unjudged, "interaction has", "interactions have")
        message = f"{count} no outcome: history, never a target"
        found.append(Warned("MISSING_OUTCOMES", message, unjudged))
    return found


def _few_amounts(outcome: np.ndarray) -> list[float]:
    """Return the values of outcomes that are one or two amounts, and not 0 and 1."""
    known = outcome[~np.isnan(outcome)]
    if not len(known) or find_mode(known) != "continuous":
        return []
    least, most = known.min(), known.max()
    few = ((known == least) | (known == most)).all()
    return sorted({float(least), float(most)}) if few else []


def about_copies(lines: np.ndarray, kept: bool) -> list[Warned]:
    """Say how many rows equal an earlier one; ``kept`` says whether they stay."""
    if not len(lines):
        return []
    became = ": kept, as was asked for" if kept else ": dropped"
    count = plural(len(lines), "row equals", "rows equal")
    message = f"{count} an earlier row in every column{became}"
    return [warned("DUPLICATES", message, lines)]


def about_users(chosen: Mapping[str, str], rows: int) -> list[Warned]:
    """Say it where sessions stand for users."""
    if not sessions_are_users(chosen):
        return []
    message = (
        f"no column says who: each {chosen[USER_ID]!r} counts as a user of its own, so that nothing"
        " is known from one session to the next"
    )
    return [Warned("SESSIONS_ARE_USERS", message, rows)]


def about_blanks(merged: int) -> list[Warned]:
    """Say how many ids became another one as the blanks around them went."""
    if not merged:
        return []
    count = plural(merged, "id differs", "ids differ")
    message = f"{count} from another one only by blanks around: taken as the same"
    return [Warned("BLANKS_AROUND_IDS", message, merged)]
