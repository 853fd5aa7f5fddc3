"""What the values of a column look like: times, numbers, web addresses, groups."""

import itertools
import re
from collections.abc import Mapping, Sequence

from hrnn.columns import ITEM_ID, TIMESTAMP, USER_ID
from hrnn.data.month_names import MONTH

_TIME_LIKE = re.compile(
    r"[+-]?\d{9,}(\.\d*)?$|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?!\d)|(19|20)\d{6}([Tt]\d{6}Z?)?$"
    rf"|(\w{{3,9}},?\s+)?(\d{{1,2}}[-/. ]\s*{MONTH}[-/. ]+|{MONTH}\W+\d{{1,2}}\W.*\b)\d{{4}}\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
_WHOLE = re.compile(r"[+-]?\d+(\.0*)?")
_DATE_ALONE = re.compile(
    r"(\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]00:00(:00(\.0+)?)?)?|(19|20)\d{6})(\.0*)?"
)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d([.,]\d+)?)?\s*([AaPp][Mm])?")
_CLOCK_DIGITS = re.compile(r"([01]?\d|2[0-3])?[0-5]?\d|([01]?\d|2[0-3])[0-5]\d[0-5]\d")
_ADDRESS = re.compile(r"(https?:)?//\S+|data:image/\S+")
_PICTURE = re.compile(
    r"(https?:)?//\S+\.(jpe?g|png|webp|gif|avif|svg)([?#]\S*)?|data:image/\S+", re.IGNORECASE
)
#: An event type or an outcome has no more different values than this among the first ones.
MOST_KINDS = 20
_MOST_GRADES = 11
_HIGHEST_GRADE = 100
_SHORT = 40
#: With fewer values, that few are different says nothing.
_FEW = 20
_IDS = (USER_ID, ITEM_ID)
_NUMBERED = re.compile(r"column_\d+")


def filled(values: Sequence[str | None]) -> list[str]:
    """Return the values that are not blank, trimmed."""
    return [value.strip() for value in values if value and value.strip()]


def _mostly(values: Sequence[str | None], pattern: re.Pattern[str], part: bool = False) -> bool:
    known = filled(values)
    match = pattern.match if part else pattern.fullmatch
    return bool(known) and sum(match(value) is not None for value in known) * 2 > len(known)


def hold_times(values: Sequence[str | None]) -> bool:
    """Whether most values are dates, or Unix times of nine digits or more."""
    return _mostly(values, _TIME_LIKE, part=True)


def hold_dates_alone(values: Sequence[str | None]) -> bool:
    """Whether most values are dates without a time of day."""
    return _mostly(values, _DATE_ALONE)


def hold_clocks(values: Sequence[str | None], digits: bool = False) -> bool:
    """Whether most values are times of day (14:05, 2:05:30 pm; with ``digits`` also 1405)."""
    return _mostly(values, _CLOCK) or (digits and _mostly(values, _CLOCK_DIGITS))


def hold_addresses(values: Sequence[str | None]) -> bool:
    """Whether most values are addresses in the web."""
    return _mostly(values, _ADDRESS)


def hold_pictures(values: Sequence[str | None]) -> bool:
    """Whether most values are addresses of pictures, by their ending."""
    return _mostly(values, _PICTURE)


def hold_words(values: Sequence[str | None]) -> bool:
    """Whether the values are neither numbers nor times nor addresses."""
    known = filled(values)
    return bool(known) and not (hold_numbers(known) or hold_times(known) or hold_addresses(known))


def hold_numbers(values: Sequence[str | None]) -> bool:
    """Whether all values are numbers."""
    known = filled(values)
    return bool(known) and all(_NUMBER.fullmatch(value) for value in known)


def hold_kinds(values: Sequence[str | None]) -> bool:
    """Whether there are only a few different values, short ones, and they come back."""
    known = filled(values)
    kinds = set(known)
    return (
        bool(known)
        and len(kinds) <= MOST_KINDS
        and (len(kinds) * 2 <= len(known) or len(known) < _FEW)
        and max(map(len, kinds)) <= _SHORT
    )


def hold_named_kinds(values: Sequence[str | None]) -> bool:
    """Whether there are only a few different words, short ones, in no order."""
    known = filled(values)
    return len(known) >= _FEW and hold_words(known) and hold_kinds(known) and not grouped(known)


def hold_grades(values: Sequence[str | None]) -> bool:
    """Whether the values are a few small numbers, such as ratings, in no order."""
    known = filled(values)
    if len(known) < _FEW or not hold_numbers(known):
        return False
    grades = set(known)
    small = all(-1 <= float(value) <= _HIGHEST_GRADE for value in grades)
    return small and len(grades) <= _MOST_GRADES and not grouped(known)


def grouped(values: Sequence[str]) -> bool:
    """Whether equal values stand together, as users do in a log sorted by user."""
    runs = 1 + sum(one != other for one, other in itertools.pairwise(values))
    distinct = len(set(values))
    return distinct * 2 <= len(values) and runs * 2 <= 3 * distinct


def are_numbered(names: Sequence[str]) -> bool:
    """Whether the names say nothing, as those given to a file without a header."""
    return bool(names) and all(_NUMBERED.fullmatch(name) for name in names)


def guess_by_content(
    names: Sequence[str], first: Mapping[str, Sequence[str | None]]
) -> dict[str, str]:
    """Guess user, item and time of columns whose names say nothing.

    The time is the first column of dates or long numbers. Of what is left, columns of grades, of
    fractions, of a few texts in no order, of web addresses and of running numbers are no ids. The
    first two others are user and item in this order, the usual one; but where equal values stand
    together in the second alone, the log is sorted by it, and it is the user.

    Returns:
        Role → column; a role for which nothing fits is left out.
    """
    found: dict[str, str] = {}
    time = next((name for name in names if hold_times(first.get(name, ()))), None)
    if time is not None:
        found[TIMESTAMP] = time
    free = [name for name in names if name != time]
    ids = [name for name in free if _may_be_ids(filled(first.get(name, ())))]
    if len(ids) < len(_IDS) and time is not None:
        # In a short log users may be so few that they look like grades, or items run on.
        ids = [name for name in free if _may_name(filled(first.get(name, ())))]
    if len(ids) >= len(_IDS):
        user, item = ids[:2]
        if grouped(filled(first[item])) and not grouped(filled(first[user])):
            user, item = item, user
        found |= dict(zip(_IDS, (user, item), strict=True))
    return found


def _may_be_ids(known: list[str]) -> bool:
    if hold_grades(known) or hold_named_kinds(known):
        return False
    return _may_name(known) and not (hold_numbers(known) and _runs_on(known))


def _may_name(known: list[str]) -> bool:
    """Whether values can name something: words or whole numbers."""
    if not known or hold_times(known) or hold_addresses(known) or hold_clocks(known):
        return False
    return not hold_numbers(known) or all(_WHOLE.fullmatch(value) for value in known)


def _runs_on(known: list[str]) -> bool:
    """Whether the values number the rows."""
    numbers = [float(value) for value in known]
    steps = {after - before for before, after in itertools.pairwise(numbers)}
    return len(known) >= _FEW and steps == {1.0}
