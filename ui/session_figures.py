"""What a timeout does to a log, in figures and tables; nothing is drawn here."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from hrnn.compiling import compiled
from hrnn.data.interactions import Interactions
from hrnn.sessions import MINUTE_US, GapPart, Sessions, TimeoutHint, gaps_minutes
from hrnn.training.config import TrainConfig
from ui.session_charts import DAYS
from ui.words import average, minutes, share, short

#: Sessions of a user, and items of each, that scoring reads unless told otherwise.
MOST_SESSIONS, MOST_ITEMS = TrainConfig().max_sessions, TrainConfig().max_session_len
_BINS_AN_OCTAVE = 4
#: The ends of the gap histogram, in bins from one minute: 0.9 s, 1 min, 30 days, two years.
_SHORTEST, _MINUTE, _MONTH, _LONGEST = -24, 0, 62, 81
_CURVE_POINTS = 160
_HOUR_US, _MONDAY = 3_600_000_000, 3  # 1 January 1970 was a Thursday


def session_tiles(sessions: Sessions) -> dict[str, str]:
    """Return the figures that follow the timeout."""
    lengths, per_user = sessions.lengths, sessions.per_user
    return {
        "Sessions": f"{sessions.count:,}",
        "A user, mean": average(float(per_user.mean())),
        "Items a session": average(float(lengths.mean())),
        "Single-item": share(float((lengths == 1).mean())),
        "Users with ≥ 2": short(int((per_user > 1).sum())),
        f"Cut off, {MOST_SESSIONS} × {MOST_ITEMS}": share(
            sessions.cut_off(MOST_SESSIONS, MOST_ITEMS) / len(sessions.number)
        ),
    }


Spans = tuple[np.ndarray, np.ndarray]


def spans(sessions: Sessions) -> Spans:
    """Return when each session starts and ends (int64, microseconds since the epoch)."""
    number, time_us = sessions.number, sessions.data.time_us
    stop = np.cumsum(sessions.lengths, dtype=np.int64)
    if sessions.data.session_index is None or _one_after_another(number, stop):
        return time_us[stop - sessions.lengths], time_us[stop - 1]
    last = np.empty(sessions.count, np.int64)
    last[number] = np.arange(len(number))
    return time_us[sessions.opens], time_us[last]


def _one_after_another(number: np.ndarray, stop: np.ndarray) -> bool:
    """Say whether no session begins before the one in front of it has ended."""
    return np.count_nonzero(number[1:] != number[:-1]) == len(stop) - 1


def gap_bins(data: Interactions) -> tuple[pd.DataFrame, int]:
    """Count a log's gaps in bins of equal width on a log scale.

    Returns:
        ``low``, ``high`` (minutes), ``label`` and ``gaps``, from the shortest gap or one minute to
        the longest or 30 days; and how many gaps are zero. Gaps below a second, or beyond two
        years, are in the outermost bins.
    """
    gaps = gaps_minutes(data)
    positive = gaps[gaps > 0]
    place = np.floor(np.log2(positive) * _BINS_AN_OCTAVE).astype(np.int64)
    place = np.clip(place, _SHORTEST, _LONGEST - 1)
    first = min(int(place.min(initial=_MINUTE)), _MINUTE)
    stop = max(int(place.max(initial=0)) + 1, _MONTH)
    frame = _bins(first, stop)
    frame["gaps"] = np.bincount(place - first, minlength=stop - first)
    return frame, len(gaps) - len(positive)


def duration_bins(duration_us: np.ndarray) -> pd.DataFrame:
    """Count durations above zero: ``low``, ``high`` (minutes), ``label``, ``count``."""
    counts = np.zeros(_LONGEST - _SHORTEST, np.int64)
    _count_octaves(duration_us, MINUTE_US, _BINS_AN_OCTAVE, _SHORTEST, counts)
    stop = max(int(counts.nonzero()[0].max(initial=0)) + 1 + _SHORTEST, 5 * _BINS_AN_OCTAVE)
    frame = _bins(_SHORTEST, stop)
    frame["count"] = counts[: len(frame)]
    return frame


@compiled
def _count_octaves(values, one, bins_an_octave, first, counts):
    """Count values above zero by their log2; those beyond an end are in the last bin there.

    Gets filled: ``counts`` [bins], the first of them ``first`` bins from ``one``.
    """
    for value in values:
        if value > 0:
            place = math.floor(math.log2(value / one) * bins_an_octave) - first
            counts[min(max(place, 0), len(counts) - 1)] += 1


def _bins(first: int, stop: int) -> pd.DataFrame:
    edges = 2.0 ** (np.arange(first, stop + 1) / _BINS_AN_OCTAVE)
    labels = [f"{minutes(low)} to {minutes(high)}" for low, high in pairwise(edges.tolist())]
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "label": labels})


def week(start_us: np.ndarray) -> pd.DataFrame:
    """Count what starts in each hour of the week: ``day``, ``hour`` (UTC), ``sessions``."""
    counts = np.zeros(24 * len(DAYS), np.int64)
    _count_hours(start_us, _HOUR_US, 24 * _MONDAY, counts)
    return pd.DataFrame(
        {"day": np.repeat(DAYS, 24), "hour": np.tile(np.arange(24), 7), "sessions": counts}
    )


@compiled
def _count_hours(start_us, hour_us, epoch, counts):
    """Count times by their hour of a week of ``len(counts)``, in which 1970 begins at ``epoch``."""
    for start in start_us:
        counts[(start // hour_us + epoch) % len(counts)] += 1


def for_browser(sweep: pd.DataFrame) -> pd.DataFrame:
    """Make what is read while dragging small: see :class:`ui.gap_chart.GapScene`."""
    counts = {"s": "sessions", "u": "users_with_two", "o": "single_sessions", "c": "cut_off"}
    made = pd.DataFrame({"m": sweep["minutes"], "w": [minutes(one) for one in sweep["minutes"]]})
    for short_name, name in counts.items():
        fits = sweep[name].max() < 2**31
        made[short_name] = sweep[name].astype("int32" if fits else "float64")
    return made


@dataclass(frozen=True)
class Curve:
    """How a figure moves over all timeouts: what it is, ``m`` and ``y``, its D3 format and unit."""

    title: str
    frame: pd.DataFrame
    form: str
    unit: str = ""


def curves(sweep: pd.DataFrame, users: int, rows: int) -> list[Curve]:
    """Return the shown figures over all timeouts."""
    few = sweep.iloc[np.unique(np.linspace(0, len(sweep) - 1, _CURVE_POINTS).round().astype(int))]
    m = few["minutes"]

    def one(title: str, y: pd.Series, form: str, unit: str = "") -> Curve:
        return Curve(title, pd.DataFrame({"m": m, "y": y.astype("float32")}), form, unit)

    return [
        one("Sessions", few["sessions"], "~s"),
        one("Sessions a user, mean", few["sessions"] / users, "~r"),
        one("Items a session, mean", rows / few["sessions"], "~r"),
        one("Single-item sessions", 100 * few["single_sessions"] / few["sessions"], "~r", " %"),
        one("Users with two sessions or more", 100 * few["users_with_two"] / users, "~r", " %"),
        one(f"Cut off at {MOST_SESSIONS} × {MOST_ITEMS}", 100 * few["cut_off"] / rows, "~r", " %"),
    ]


def fitted(hint: TimeoutHint, bins: pd.DataFrame) -> pd.DataFrame:
    """Return the mixture in gaps a bin of the histogram: ``x`` (minutes), ``y``, ``part``."""
    at = np.linspace(np.log2(bins["low"].min()), np.log2(bins["high"].max()), 161)
    if not hint.parts:
        return pd.DataFrame({"x": [], "y": [], "part": []})
    parts = {str(place): hint.fitted * _density(one, at) for place, one in enumerate(hint.parts)}
    parts["all"] = np.sum(list(parts.values()), axis=0)
    frames = [pd.DataFrame({"x": 2.0**at, "y": y, "part": name}) for name, y in parts.items()]
    return pd.concat(frames, ignore_index=True)


def _density(part: GapPart, at: np.ndarray) -> np.ndarray:
    """Return which share of the gaps a part has in a bin around log2 minutes."""
    top = part.weight / (part.sd * np.sqrt(2 * np.pi)) / _BINS_AN_OCTAVE
    return top * np.exp(-0.5 * ((at - part.mean) / part.sd) ** 2)


def suggested_minutes(hint: TimeoutHint) -> float | None:
    """Round a suggestion as people say it, as long as that stays inside its interval."""
    if hint.minutes is None:
        return None
    low, high = hint.low or hint.minutes, hint.high or hint.minutes
    said = (float(f"{hint.minutes:.{digits}g}") for digits in (1, 2, 3))
    return next((one for one in said if low <= one <= high), float(f"{hint.minutes:.3g}"))


@dataclass(frozen=True)
class Agreement:
    """How the sessions of explicit ids and those of a timeout compare.

    Attributes:
        pairs: consecutive interactions of a user.
        only_ids: pairs between which the ids alone start another session.
        only_gaps: pairs between which the timeout alone starts one.
        identical: sessions that hold the same interactions in both.
        without_id: interactions without an id.
        shared_ids: ids that several users have.
        over_month: sessions by id that stay open for more than 30 days.
    """

    pairs: int
    only_ids: int
    only_gaps: int
    identical: int
    without_id: int
    shared_ids: int
    over_month: int

    @property
    def agreed(self) -> float:
        """Share of the pairs on which both agree; NaN without pairs."""
        return 1 - (self.only_ids + self.only_gaps) / self.pairs if self.pairs else np.nan


def agreement(by_ids: Sessions, by_gaps: Sessions) -> Agreement:
    """Compare two ways to cut one log that has session ids."""
    data = by_ids.data
    ids = data.session_index
    assert ids is not None  # the page asks only where there are some
    user = data.user_index
    pair = user[1:] == user[:-1]
    new_by_ids, new_by_gaps = (
        one.number[1:][pair] != one.number[:-1][pair] for one in (by_ids, by_gaps)
    )
    partner = by_gaps.number[by_ids.opens]  # the other's session in which each session begins
    strays = np.zeros(by_ids.count, bool)
    strays[by_ids.number[by_gaps.number != partner[by_ids.number]]] = True
    identical = ~strays & (by_gaps.lengths[partner] == by_ids.lengths)
    known = ids >= 0
    owned = np.unique(ids[known] * np.int64(len(data.user_ids)) + user[known])
    _, owners = np.unique(owned // len(data.user_ids), return_counts=True)
    start, end = spans(by_ids)
    return Agreement(
        pairs=int(pair.sum()),
        only_ids=int((new_by_ids & ~new_by_gaps).sum()),
        only_gaps=int((new_by_gaps & ~new_by_ids).sum()),
        identical=int(identical.sum()),
        without_id=int((~known).sum()),
        shared_ids=int((owners > 1).sum()),
        over_month=int((end - start > 30 * 24 * _HOUR_US).sum()),
    )


def compared(cuts: dict[str, Sessions]) -> pd.DataFrame:
    """Lay ways to cut a log out beside one another, a row each."""
    rows = []
    for name, one in cuts.items():
        start, end = spans(one)
        longest = float((end - start).max()) / MINUTE_US
        rows.append({"Cut by": name, **session_tiles(one), "Longest": minutes(longest)})
    return pd.DataFrame(rows)


def session_table(sessions: Sessions, when: Spans, most: int | None = None) -> pd.DataFrame:
    """List sessions: user, number in the user (from 1), interactions, start and end (UTC), length.

    Args:
        sessions: the log, cut.
        when: as :func:`spans` returns them.
        most: only so many, the first ones.
    """
    start, end = (one[:most] for one in when)
    ends = np.cumsum(sessions.per_user)
    users = np.searchsorted(ends, np.arange(len(start)), side="right")
    return pd.DataFrame(
        {
            "User": sessions.data.user_ids[users],
            "Session": np.arange(len(users)) - sessions.first_of_user[users] + 1,
            "Interactions": sessions.lengths[:most],
            "Start (UTC)": start.astype("datetime64[us]"),
            "End (UTC)": end.astype("datetime64[us]"),
            "Minutes": ((end - start) / MINUTE_US).round(2),
        }
    )
