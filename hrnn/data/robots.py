"""Finding users who do not act like people: suspects with the reason, for somebody to decide on.

Nothing is removed here; :class:`hrnn.data.cleaning.CleaningConfig` sets users aside.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from hrnn.columns import USER_ID
from hrnn.data.arrow import pc
from hrnn.data.interactions import Interactions

INTERACTIONS = "INTERACTIONS"
WHY = "WHY"

#: The most active users, who alone are looked at.
LOOKED_AT = 300
#: Interactions a suspect has at least.
LEAST = 100

_SECOND, _MINUTE, _HOUR, _DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000

#: A stretch so long without a gap above the pause is nobody's who types or sleeps.
_STRETCHES = (
    (_SECOND, 2 * _MINUTE, "an interaction at least every second"),
    (_HOUR, 36 * _HOUR, "no pause above an hour"),
    (4 * _HOUR, 5 * _DAY, "no pause above 4 hours"),
)
#: A habit is the log's and not a robot's where half of those looked at come so near to it.
_USUAL_STRETCH, _USUAL_SHARE = 1 / 3, 0.25

_ALIKE = 0.05  # gaps so near to their median, relative to it, are alike
_LEAST_GAPS, _LEAST_UNITS, _LONGEST_ALIKE = 50, 5, 12 * _HOUR
_NEXT = 3  # items so far on in the order of ids are next: some are missing from a log
_LEAST_RUN = 50
_SHARE, _TELLING = 0.5, 10  # a share of fewer says nothing

_LEAST_TAIL, _LEAST_MAD = 20, 0.1
_LOGS = 500  # with a power law, the limit is passed in one of so many


@dataclass(frozen=True)
class Habits:
    """What one user's interactions look like.

    Attributes:
        stretches: for each kind of pause the longest time, in microseconds, without one.
        hours: of the 24 hours of the day (UTC), how many have an interaction.
        gaps: gaps above 0.
        gap_us: their median.
        alike: share of them that are within 5% of it; 0 where there are fewer than 10.
        steps: moves to another item.
        in_order: share of them that lead to one of the next three items in the order of ids, or
            all to one of the three before; 0 where there are fewer than 10.
        run: the longest run of such steps.
    """

    stretches: tuple[int, ...]
    hours: int
    gaps: int
    gap_us: float
    alike: float
    steps: int
    in_order: float
    run: int


def find_robots(data: Interactions, most: int = 20) -> pd.DataFrame:
    """Find users who do not act like people.

    Looked at are the 300 most active users with 100 interactions or more. Suspect is

    - who has more interactions than :func:`most_of_people` allows;
    - who goes on for 36 hours without a gap above an hour, 5 days without one above 4 hours, or 2
      minutes without one above a second;
    - whose gaps are alike: half of 50 or more gaps above 0 lie within 5% of their median, which
      is below 12 hours (people have daily habits) and at least 5 units of the log's clock;
    - who runs through the catalogue: half of 100 or more moves lead to one of the next three items
      in the order of ids (shorter ones first, then by text), 50 of them in one run.

    The last three are no reason where half of all looked at come near to them, as in a log of
    heartbeats or of a shared screen.

    Args:
        data: the log.
        most: suspects returned.

    Returns:
        USER_ID, INTERACTIONS (int64) and WHY (text with the figures), most interactions first.
    """
    counts = np.diff(data.user_starts)
    if counts.max(initial=0) < LEAST:
        return _frame([])
    users = np.argsort(-counts, kind="stable")[:LOOKED_AT]
    rank = order_of_ids(data.item_ids)
    slices = [slice(*data.user_starts[user : user + 2].tolist()) for user in users.tolist()]
    habits = [habits_of(data.time_us[rows], rank[data.item_index[rows]]) for rows in slices]
    usual, unit = _usual(habits), _unit([data.time_us[rows] for rows in slices])
    limit = most_of_people(counts)
    found = []
    for user, one in zip(users.tolist(), habits, strict=True):
        if counts[user] < LEAST or len(found) == most:
            break
        why = [*_by_number(int(counts[user]), limit, counts), *_by_habit(one, usual, unit)]
        if why:
            found.append((data.user_ids[user], int(counts[user]), "; ".join(why)))
    return _frame(found)


def _frame(found: list[tuple[str, int, str]]) -> pd.DataFrame:
    user, count, why = ([one[place] for one in found] for place in range(3))
    return pd.DataFrame(
        {
            USER_ID: pd.Series(user, dtype=str),
            INTERACTIONS: pd.Series(count, dtype=np.int64),
            WHY: pd.Series(why, dtype=str),
        }
    )


def most_of_people(counts: np.ndarray) -> float:
    """Say up to how many interactions a user may have and still pass for one of the others.

    The rule is median + k · MAD (the median of the absolute deviations from it) of the logarithms
    of the counts. Over all users it would call every long tail a crowd of robots, so it is taken
    over the m most active: the square root of the number of users, at least 20. And k is such that
    a tail as heavy as a power law passes. There the logarithms above a threshold are exponential
    (Hill, 1975, Ann. Statist. 3), so that in their unit the median is ln 2, the MAD asinh(1/2),
    and the largest of m above ln(500 m) once in 500 logs: k = (ln(500 m) - ln 2) / asinh(1/2).
    With m as small as 20 the MAD itself errs, and it happens once in 50 power-law logs. Where
    counts are all alike, a MAD of 0.1 is assumed.

    Args:
        counts: int [users], interactions of each.

    Returns:
        The limit, infinite where there are fewer than 20 users.
    """
    tail = max(round(len(counts) ** 0.5), _LEAST_TAIL)
    if len(counts) < tail:
        return np.inf
    logs = np.log(np.partition(counts, len(counts) - tail)[-tail:])
    median = float(np.median(logs))
    mad = max(float(np.median(np.abs(logs - median))), _LEAST_MAD)
    k = np.log(_LOGS * tail / 2) / np.arcsinh(0.5)
    return float(np.exp(median + k * mad))


def order_of_ids(ids: np.ndarray) -> np.ndarray:
    """Return the place of each id in their order (int64): shorter ones first, then by text.

    Numbers, alone or after a common beginning, are then in the order of their values.
    """
    text = pa.array(ids, pa.string())
    table = pa.table({"length": pc.utf8_length(text), "text": text})
    order = pc.sort_indices(table, [("length", "ascending"), ("text", "ascending")]).to_numpy()
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return rank


def habits_of(time_us: np.ndarray, rank: np.ndarray) -> Habits:
    """Measure one user.

    Args:
        time_us: int64 [rows], ascending.
        rank: int64 [rows], the place of each row's item in the order of ids.
    """
    gaps = np.diff(time_us)
    positive = gaps[gaps > 0]
    gap = float(np.median(positive)) if len(positive) else 0.0
    step = np.diff(rank)
    step = step[step != 0]
    onward = [(step > 0) & (step <= _NEXT), (step < 0) & (step >= -_NEXT)]
    ahead = max(onward, key=np.count_nonzero)
    return Habits(
        stretches=tuple(longest_stretch(time_us, pause) for pause, _, _ in _STRETCHES),
        hours=len(np.unique(time_us % _DAY // _HOUR)),
        gaps=len(positive),
        gap_us=gap,
        alike=_share(np.abs(positive - gap) <= _ALIKE * gap),
        steps=len(step),
        in_order=_share(ahead),
        run=longest_run(ahead),
    )


def longest_stretch(time_us: np.ndarray, pause_us: int) -> int:
    """Return the longest time, in microseconds, without a gap above a pause."""
    last = np.flatnonzero(np.diff(time_us) > pause_us)
    starts = time_us[np.concatenate(([0], last + 1))]
    ends = time_us[np.append(last, len(time_us) - 1)]
    return int((ends - starts).max())


def longest_run(true: np.ndarray) -> int:
    """Return the length of the longest run of True in a bool array."""
    stops = np.flatnonzero(np.concatenate(([True], ~true, [True])))
    return int(np.diff(stops).max()) - 1


def _share(true: np.ndarray) -> float:
    return np.count_nonzero(true) / len(true) if len(true) >= _TELLING else 0.0


@dataclass(frozen=True)
class _Usual:
    """Medians of the users looked at."""

    stretches: tuple[float, ...]
    alike: float
    in_order: float


def _usual(habits: list[Habits]) -> _Usual:
    stretches = zip(*(one.stretches for one in habits), strict=True)
    return _Usual(
        tuple(float(np.median(kind)) for kind in stretches),
        float(np.median([one.alike for one in habits])),
        float(np.median([one.in_order for one in habits])),
    )


def _unit(times_us: list[np.ndarray]) -> int:
    """Return the unit of a log's clock, in microseconds: a day, hour, minute, second or less."""
    for unit in (_DAY, _HOUR, _MINUTE, _SECOND):
        if all((one % unit == 0).all() for one in times_us):
            return unit
    return 1


def _by_number(count: int, limit: float, counts: np.ndarray) -> Iterator[str]:
    if count > limit:
        median = float(np.median(counts))
        yield (
            f"{count / median:,.0f} times as many interactions as the median user ({median:,.0f}),"
            f" and more than the {limit:,.0f} to be expected of the most active"
        )


def _by_habit(one: Habits, usual: _Usual, unit: int) -> Iterator[str]:
    for place, (_, limit, words) in enumerate(_STRETCHES):
        stretch = one.stretches[place]
        if stretch >= limit and usual.stretches[place] < _USUAL_STRETCH * stretch:
            hours = f", active in {one.hours} of the 24 hours of the day"
            yield f"{words} for {_span(stretch)}" + (hours if limit > _HOUR else "")
            if limit > _HOUR:
                break  # the longer pause says the same again
    if (
        one.gaps >= _LEAST_GAPS
        and one.alike >= _SHARE
        and usual.alike < _USUAL_SHARE
        and _LEAST_UNITS * unit <= one.gap_us < _LONGEST_ALIKE
    ):
        yield f"{one.alike:.0%} of {one.gaps:,} gaps are within 5% of {_span(one.gap_us)}"
    if (
        one.steps >= LEAST
        and one.in_order >= _SHARE
        and one.run >= _LEAST_RUN
        and usual.in_order < _USUAL_SHARE
    ):
        yield (
            f"{one.in_order:.0%} of {one.steps:,} moves lead to one of the next {_NEXT} items in"
            f" the order of ids, {one.run:,} of them in one run"
        )


def _span(us: float) -> str:
    """Write a length of time in words."""
    units = ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes"), (_SECOND, "seconds"))
    for unit, name in units:
        if us >= 2 * unit:
            return f"{us / unit:.3g} {name}"
    return f"{us / 1000:.3g} milliseconds"
