"""Local times as moments, where clocks are changed too."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

#: No clock is farther from UTC, and none is changed by more.
_FARTHEST_US = 26 * 3_600_000_000


def to_utc(local_us: np.ndarray, zone: ZoneInfo) -> tuple[np.ndarray, np.ndarray]:
    """Read local times of a zone; where clocks were changed, as the first or the next that exists.

    Args:
        local_us: int64 array, microseconds since 1970 on the clocks of the zone.
        zone: the zone.

    Returns:
        Microseconds since the epoch, UTC (int64), and which times had no single meaning (bool).
    """
    local = pd.DatetimeIndex(local_us.astype("datetime64[us]"))
    unsure = np.asarray(local.tz_localize(zone, ambiguous="NaT", nonexistent="NaT").isna())
    first = local.tz_localize(zone, ambiguous=np.ones(len(local), bool), nonexistent="NaT")
    utc_us = _plain_us(first.tz_convert("UTC"))
    skipped = np.asarray(first.isna())
    utc_us[skipped] = _next_moments(local_us[skipped], zone)
    return utc_us, unsure


def _next_moments(local_us: np.ndarray, zone: ZoneInfo) -> np.ndarray:
    """Return the first moments at which the clocks showed no less than what they never showed.

    pandas would look for them itself, and finds one before a day that was left out (Apia 2011).
    """
    before, after = local_us - _FARTHEST_US, local_us + _FARTHEST_US
    while (after - before > 1).any():
        middle = before + (after - before) // 2
        clocks = pd.DatetimeIndex(middle.astype("datetime64[us]"), tz="UTC").tz_convert(zone)
        reached = _plain_us(clocks) >= local_us
        before, after = np.where(reached, before, middle), np.where(reached, middle, after)
    return after


def _plain_us(times: pd.DatetimeIndex) -> np.ndarray:
    return times.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
