"""A suggested timeout, or why there is none, in figures and words."""

import math
from dataclasses import dataclass
from typing import Literal

Code = Literal["found", "few", "days", "baskets", "one_hump"]

#: Units in minutes, for words.
_UNITS = ((1440.0, "days"), (60.0, "hours"), (1.0, "minutes"), (1 / 60, "seconds"))


@dataclass(frozen=True)
class GapPart:
    """A part of the mixture.

    Attributes:
        weight: its share of the gaps that were fitted.
        mean, sd: of the log2 of minutes.
    """

    weight: float
    mean: float
    sd: float


@dataclass(frozen=True)
class TimeoutHint:
    """A suggested timeout, or why there is none.

    Attributes:
        code: "found"; or why not: "few" gaps, times that are whole "days", "baskets" (most gaps
            are zero), "one_hump" (no two humps that stand apart).
        minutes: the timeout; None if there is none.
        low, high: minutes, 95 % of resampled logs suggest what lies between; None where there is
            no timeout, or too few users to resample.
        separation: Ashman's D of the gaps inside and between sessions; where none was found, of
            the best boundary; None without two parts.
        misassigned: share of the gaps that lie on the wrong side of the timeout, by the mixture.
        parts: the mixture, by mean; empty where none was fitted.
        within: how many of the parts, from the left, are within a session; 0 if none was found.
        gaps: gaps above zero.
        zero_gaps: gaps of zero.
        fitted: gaps that the mixture is of, a machine's habits left out; 0 where none was fitted.
        words: why this timeout, or why none and what to do instead.
    """

    code: Code
    minutes: float | None
    low: float | None
    high: float | None
    separation: float | None
    misassigned: float | None
    parts: tuple[GapPart, ...]
    within: int
    gaps: int
    zero_gaps: int
    fitted: int
    words: str


def duration(minutes: float) -> str:
    """Write minutes as 40 seconds, 26 minutes, 4.2 hours or 3 days."""
    for size, unit in _UNITS:
        if minutes >= 1.95 * size or unit == "seconds":
            digits = _digits(minutes / size, 2)
            return f"{digits} {unit}" if digits != "1" else f"1 {unit.removesuffix('s')}"
    raise AssertionError("seconds write anything")


def in_minutes(minutes: float, low: float | None, high: float | None) -> str:
    """Write a timeout as it is set, with its interval: 25.6 minutes (24.9 to 26.4)."""
    interval = "" if low is None or high is None else f" ({_digits(low, 3)} to {_digits(high, 3)})"
    return f"{_digits(minutes, 3)} minutes{interval}"


def percent(share: float) -> str:
    """Write a share as 12 %, 0.4 % or under 0.1 %."""
    if 0 < share < 0.0005:
        return "under 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"


def _digits(value: float, digits: int) -> str:
    """Round to so many digits, or to whole numbers where they are fewer."""
    places = max(0, digits - 1 - math.floor(math.log10(value))) if value > 0 else 0
    rounded = f"{value:,.{places}f}"
    return rounded.rstrip("0").removesuffix(".") if "." in rounded else rounded
