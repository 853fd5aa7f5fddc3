"""A timeout from the gaps of a log."""

import math
from dataclasses import dataclass

import numpy as np

from hrnn.checks import check_seed
from hrnn.data.interactions import Interactions, check_read
from hrnn.sessions.hint import Code, GapPart, TimeoutHint, duration, in_minutes, percent
from hrnn.sessions.mixture import Mixtures, fit, improve, normal_below, separation
from hrnn.sessions.segmentation import MINUTE_US, rows_of_users

_DAY_US = 24 * 60 * MINUTE_US
_LEAST_GAPS, _LEAST_USERS = 100, 20
_LEAST_SEPARATION = 2.0
_MOST_ZERO, _MOST_WHOLE_DAYS = 0.5, 0.9
_MOST_PARTS = 3
#: By how much a part more must lower BIC, a gap.
_WORTH_A_PART = 0.005
#: The sd above which a part is no hump, in octaves.
_WIDEST = 2.5
#: What a valley is: a fall to this share of the lower peak, of gaps that are smoothed by a kernel
#: so many octaves wide, with so many of the gaps on each side.
_VALLEY, _DEEP_VALLEY = (0.95, 0.3, 0.0), (0.7, 0.75, 0.02)
_PLACES = 500  # where smoothed gaps are looked at
_AN_HOUR = math.log2(60)
#: What makes one length a habit: its share of all gaps, and of those around it; and how many cells
#: on either side are around it.
_HABIT, _HABIT_AROUND, _AROUND = 0.05, 2 / 3, 24
_CELL_BITS = 4
_RESAMPLED, _GROUPS, _INTERVAL = 100, 20_000, (0.025, 0.975)
_INSTEAD = "choose by what a session means to you; 30 minutes is usual for the web"


@dataclass(frozen=True)
class _Boundary:
    """A boundary between parts: how many are left of it, its place (log2 minutes), Ashman's D."""

    left: int
    at: float
    separation: float


def suggest_timeout(data: Interactions, seed: int = 0) -> TimeoutHint:
    """Suggest a timeout from the gaps between interactions, session ids ignored.

    After Halfaker et al. (2015), "User session identification based on strong regularities in
    inter-activity time": a mixture of normal distributions is fitted to the log2 of the gaps above
    zero, counted in 16 cells an octave. It has 1, 2 or 3 parts, by BIC; since on millions of gaps
    BIC would add a part for misfits of no weight, a part more must lower it by 0.005 a gap.

    The timeout is where the parts within and those between sessions weigh the same, between the
    means beside that boundary. Both sides must stand apart: Ashman's D of 2 or more, with the mean
    and variance of all parts of a side. If three parts have two such boundaries, it is the one
    nearer to an hour (on a log scale), where Halfaker et al. found it on very different sites.

    The smoothed gaps themselves must fall there, to 95 % of the lower peak beside it: two parts fit
    one lopsided hump better than one does, and can stand apart in it.

    A part with an sd over 2.5 octaves is no hump but what the others leave over. Parts are then
    held to that width, and the gaps must fall to 70 %, with 2 % of them or more on each side: held
    parts would cut one wide hump too.

    One length that holds over 5 % of the gaps, and two thirds of those within one and a half
    octaves, is a machine's habit, such as a timer, and is left out of the fit, unless only half
    of the gaps would be left.

    The interval is from 100 resampled logs in which each user counts a Poisson number of times; of
    more than 20,000 users, groups drawn at random count alike. Number of parts and boundary stay.

    Args:
        data: the log.
        seed: of the resampling.

    Raises:
        ConfigError: ``data`` is no log, or the seed no whole number.
    """
    check_read(data)
    check_seed(seed)
    from hrnn.sessions import loops  # noqa: PLC0415 - numba takes a third of a second

    rows, cells = rows_of_users(data), loops.cell(2**63 - 1, _CELL_BITS) + 1
    counts = np.zeros(cells, np.int64)
    whole_days = loops.count_gaps(*rows, _DAY_US, _CELL_BITS, counts)
    zero, gaps = int(counts[0]), int(counts[1:].sum())
    reason = _refused(data, gaps, zero, whole_days)
    if reason is not None:
        return _no_hint(*reason, gaps, zero)
    habits = _habits(counts[1:])
    used = np.flatnonzero((counts[1:] > 0) & ~habits)
    at_N, counts_N = _log2_minutes(used), counts[1:][used]
    fitted = int(counts_N.sum())
    mixture, boundaries, most_sd = _cut(at_N, counts_N)
    apart = [one for one in boundaries if one.separation >= _LEAST_SEPARATION]
    if not apart:
        best = max((one.separation for one in boundaries), default=None)
        words = _one_hump_words(best)
        return _no_hint("one_hump", words, gaps, zero, fitted, _parts(mixture), best)
    found = min(apart, key=lambda one: abs(one.at - _AN_HOUR))
    low, high = _interval(data, mixture, found.left, most_sd, used, seed)
    misassigned = _misassigned(mixture, found)
    words = _found_words(mixture, found, low, high, misassigned)
    if habits.any():
        left_out = np.sort(2 ** _log2_minutes(np.flatnonzero(habits)))
        share = counts[1:][habits].sum() / gaps
        words += (
            f" {percent(share)} of the gaps have one length"
            f" (about {' or '.join(map(duration, left_out.tolist()))}) and were left out as a habit"
            " of a machine."
        )
    return TimeoutHint(
        "found", 2.0**found.at, low, high, found.separation, misassigned, _parts(mixture),
        found.left, gaps, zero, fitted, words,
    )  # fmt: skip


def _refused(data: Interactions, gaps: int, zero: int, whole_days: int) -> tuple[Code, str] | None:
    """Return a code and words if the gaps are no evidence, before anything is fitted."""
    dates = any(one.code == "DAY_RESOLUTION" for one in data.report.warnings)
    if dates or (gaps and whole_days >= _MOST_WHOLE_DAYS * gaps):
        return "days", (
            "The times are whole days, so what lies between interactions of a day is not known."
            " Use a column with the time of day; with this one, a timeout below a day makes each"
            " day a session."
        )
    if gaps + zero >= _LEAST_GAPS and zero > _MOST_ZERO * (gaps + zero):
        return "baskets", (
            f"{percent(zero / (gaps + zero))} of consecutive interactions of a user have the same"
            " time: they were written down together, as baskets are, and gaps say nothing about"
            " sessions. Take the basket's id as the session id if there is one; otherwise almost"
            " any timeout makes each basket a session."
        )
    if gaps < _LEAST_GAPS:
        return "few", (
            f"There are {gaps:,} gaps above zero, and a suggestion needs {_LEAST_GAPS}. Import"
            f" more interactions, or {_INSTEAD}."
        )
    return None


def _habits(counts: np.ndarray) -> np.ndarray:
    """Bool array [cells]: which lengths of gaps are habits of a machine."""
    sums = np.concatenate([[0], np.cumsum(counts)])
    place = np.arange(len(counts))
    last = np.minimum(place + _AROUND + 1, len(counts))
    around = sums[last] - sums[np.maximum(place - _AROUND, 0)]
    found = (counts > _HABIT * sums[-1]) & (counts > _HABIT_AROUND * around)
    return found if 2 * counts[found].sum() <= sums[-1] else np.zeros(len(counts), bool)


def _log2_minutes(cell: np.ndarray) -> np.ndarray:
    """Return the middle of cells on the log scale (float64); the first starts at 1 µs."""
    octave, place = np.divmod(cell, 2**_CELL_BITS)
    edges = octave + np.log2(1 + np.stack([place, place + 1]) / 2**_CELL_BITS)
    return edges.mean(axis=0) - math.log2(MINUTE_US)


def _cut(at_N: np.ndarray, counts_N: np.ndarray) -> tuple[Mixtures, list[_Boundary], float]:
    """Fit a mixture; return it, its boundaries that count, and the sd that its parts are held to.

    Boundaries count where the sides weigh the same somewhere and the gaps themselves fall.
    """
    mixture, most_sd = _fit_by_bic(at_N, counts_N, math.inf), math.inf
    if mixture.parts > 1 and mixture.sd_RK.max() > _WIDEST:
        mixture, most_sd = _fit_by_bic(at_N, counts_N, _WIDEST), _WIDEST
    found = []
    for left in range(1, mixture.parts):
        at = float(mixture.crossing(left)[0])
        valley = _VALLEY if most_sd == math.inf else _DEEP_VALLEY
        if not math.isnan(at) and _is_valley(at, at_N, counts_N, *valley):
            _, mean_R2, sd_R2 = mixture.sides(left)
            found.append(_Boundary(left, at, float(separation(mean_R2, sd_R2)[0])))
    return mixture, found, most_sd


def _is_valley(
    at: float, at_N: np.ndarray, counts_N: np.ndarray, fall: float, width: float, share: float
) -> bool:
    """Say whether the gaps fall to a share of the lower peak at a place, between real humps.

    They are smoothed with a normal kernel, since the parts themselves would show valleys in tails.
    """
    left, right = counts_N[at_N < at].sum(), counts_N[at_N >= at].sum()
    if min(left, right) <= share * (left + right):
        return False
    place_P = np.append(np.linspace(at_N[0], at_N[-1], _PLACES), at)
    z_PN = (place_P[:, None] - at_N) / width
    density_P = np.exp(-0.5 * z_PN * z_PN) @ counts_N
    peaks = density_P[place_P < at].max(), density_P[place_P >= at].max()
    return bool(density_P[-1] < fall * min(peaks))


def _fit_by_bic(at_N: np.ndarray, counts_N: np.ndarray, most_sd: float) -> Mixtures:
    """Fit 1, 2 and 3 parts; return the one with the least BIC and charge a part.

    A single part may have any width: one wide hump is one.
    """
    gaps = counts_N.sum()
    best, least = None, math.inf
    for parts in range(1, _MOST_PARTS + 1):
        mixture, likelihood = fit(at_N, counts_N, parts, most_sd if parts > 1 else math.inf)
        bic = -2 * likelihood + (3 * parts - 1) * math.log(gaps) + _WORTH_A_PART * gaps * parts
        if bic < least:
            best, least = mixture, bic
    assert best is not None
    return best


def _misassigned(mixture: Mixtures, boundary: _Boundary) -> float:
    below_K = normal_below(boundary.at, mixture.mean_RK[0], mixture.sd_RK[0])
    wrong_K = np.where(np.arange(len(below_K)) < boundary.left, 1 - below_K, below_K)
    return float(mixture.weight_RK[0] @ wrong_K)


def _interval(
    data: Interactions,
    mixture: Mixtures,
    left: int,
    most_sd: float,
    used: np.ndarray,
    seed: int,
) -> tuple[float | None, float | None]:
    """Resample users, move the mixture to each resampled log and see where it is cut.

    Args:
        data: the log.
        mixture: one, fitted to the whole log.
        left: how many of its parts are left of the boundary.
        most_sd: what its parts were held to.
        used: the cells it was fitted to.
        seed: of the resampling.
    """
    from hrnn.sessions import loops  # noqa: PLC0415 - numba takes a third of a second

    rows = rows_of_users(data)
    users = len(data.user_ids)
    if (np.diff(rows[1]) > 1).sum() < _LEAST_USERS:
        return None, None
    random = np.random.default_rng(seed)
    few = users <= _GROUPS
    group = np.arange(users) if few else random.integers(_GROUPS, size=users)
    weight_GB = random.poisson(1, (min(users, _GROUPS), _RESAMPLED)).astype(np.uint8)
    cells = loops.cell(2**63 - 1, _CELL_BITS) + 1
    counts_NB = np.zeros((cells, _RESAMPLED), np.int32)
    loops.resample_gaps(*rows, group, weight_GB, _CELL_BITS, counts_NB)
    counts_BN = counts_NB[1:][used].T.astype(float)
    start = mixture[np.zeros(_RESAMPLED, np.int64)]
    moved, _ = improve(start, _log2_minutes(used), counts_BN, most_sd)
    cuts_B = moved.by_mean().crossing(left)
    if np.isnan(cuts_B).any():
        return None, None
    low, high = np.exp2(np.quantile(cuts_B, _INTERVAL)).tolist()
    return low, high


def _parts(mixture: Mixtures) -> tuple[GapPart, ...]:
    rows = zip(mixture.weight_RK[0], mixture.mean_RK[0], mixture.sd_RK[0], strict=True)
    return tuple(GapPart(*map(float, row)) for row in rows)


def _no_hint(
    code: Code, words: str, gaps: int, zero: int, fitted: int = 0,
    parts: tuple[GapPart, ...] = (), best: float | None = None,
) -> TimeoutHint:  # fmt: skip
    return TimeoutHint(code, None, None, None, best, None, parts, 0, gaps, zero, fitted, words)


def _one_hump_words(best: float | None) -> str:
    seen = "form one hump" if best is None else f"overlap too much (Ashman's D {best:.1f}, below 2)"
    return (
        f"The gaps {seen}: no length divides those inside sessions from those between."
        f" {_INSTEAD[0].upper()}{_INSTEAD[1:]}."
    )


def _found_words(
    mixture: Mixtures, found: _Boundary, low: float | None, high: float | None, misassigned: float
) -> str:
    _, mean_R2, _ = mixture.sides(found.left)
    within, between = (duration(2.0**mean) for mean in mean_R2[0].tolist())
    return (
        f"Gaps have two humps, around {within} inside sessions and around {between} between them"
        f" (Ashman's D {found.separation:.1f}). They weigh the same at"
        f" {in_minutes(2.0**found.at, low, high)}; {percent(misassigned)} of the gaps lie on the"
        " wrong side of it."
    )
