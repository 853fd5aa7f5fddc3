"""What each of many timeouts would do to a log, in one pass."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from hrnn.data.interactions import Interactions, check_read
from hrnn.errors import ConfigError
from hrnn.sessions.segmentation import check_timeout, rows_of_users

_NAMED = (
    1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 35, 40, 45, 50, 60, 75, 90, 100, 120, 150, 180,
    240, 300, 360, 480, 600, 720, 900, 1080, 1440, 2160, 2880, 4320, 5760, 7200, 10080, 14400,
    20160, 30240, 43200,
)  # fmt: skip
_MOST, _DIGITS = 600, 3
_CELL_BITS = 6


def default_minutes() -> np.ndarray:
    """Return the timeouts that a sweep tries by itself (float64, ascending, minutes).

    At most 600 from 1 minute to 30 days: even on a log scale, rounded to three digits, and those
    that people name.
    """
    even = np.geomspace(_NAMED[0], _NAMED[-1], _MOST - len(_NAMED))
    digit = 10.0 ** (np.floor(np.log10(even)) + 1 - _DIGITS)
    # The quotient is whole and the decimals are few: what comes out is the number as it is typed.
    rounded = np.round(np.round(even / digit) * digit, _DIGITS)
    return np.unique(np.append(rounded, _NAMED))


def sweep_timeouts(
    data: Interactions,
    minutes: Iterable[float] | None = None,
    max_sessions: int = 10,
    max_session_len: int = 20,
) -> pd.DataFrame:
    """Say for many timeouts what :func:`hrnn.segment` would cut, session ids ignored.

    The figures are those of cutting the log at each timeout. One pass over the rows serves all
    of them, so that their number costs next to nothing.

    Args:
        data: the log.
        minutes: timeouts above 0, in any order; :func:`default_minutes` if not said.
        max_sessions: sessions of a user that scoring reads.
        max_session_len: items of each that scoring reads.

    Returns:
        One row a timeout, ascending, equal ones once: ``minutes`` (float64) and int64
        ``sessions``, ``users_with_two`` (users with two sessions or more), ``single_sessions``
        (sessions of one interaction) and ``cut_off`` (interactions outside the last
        ``max_sessions`` sessions of their user or before the last ``max_session_len`` items of
        their session).

    Raises:
        ConfigError: a timeout is not a positive number, one of the others is below 1, or ``data``
            is no log.
    """
    check_read(data)
    for name, value in (("max_sessions", max_sessions), ("max_session_len", max_session_len)):
        if value < 1:
            raise ConfigError(f"{name}={value}: it must be 1 or more")
    given = default_minutes().tolist() if minutes is None else _listed(minutes)
    known = {one: check_timeout(one) for one in given}
    tried = np.array(sorted(known), float)
    timeouts_us = np.array([known[one] for one in tried.tolist()], np.int64)
    gaps, users, singles, kept = _counted(data, timeouts_us, max_sessions, max_session_len)
    return pd.DataFrame(
        {
            "minutes": tried,
            "sessions": len(data.user_ids) + _reaching(gaps),
            "users_with_two": _reaching(users),
            "single_sessions": _reaching(singles),
            "cut_off": len(data) - np.cumsum(kept)[:-1],
        }
    )


def _listed(minutes: Iterable[float]) -> list[float]:
    if isinstance(minutes, str) or not isinstance(minutes, Iterable):
        raise ConfigError(f"minutes={minutes!r}: it must be several timeouts, such as [10, 30, 60]")
    if None in (listed := list(minutes)):
        raise ConfigError("minutes holds None: each of the timeouts must be above 0")
    return listed


def _counted(
    data: Interactions, timeouts_us: np.ndarray, max_sessions: int, max_session_len: int
) -> np.ndarray:
    """Return what :func:`hrnn.sessions.loops.sweep` counts, int64 [4, timeouts + 1]."""
    from hrnn.sessions import loops  # noqa: PLC0415 - numba takes a third of a second

    cells = np.array([loops.cell(one, _CELL_BITS) for one in timeouts_us.tolist()], np.int64)
    every = np.arange(loops.cell(2**63 - 1, _CELL_BITS) + 1)
    below = np.searchsorted(np.sort(cells), every).astype(np.int32)
    counts = np.zeros((4, len(timeouts_us) + 1), np.int64)
    loops.sweep(
        *rows_of_users(data), timeouts_us, below, _CELL_BITS, max_sessions, max_session_len, *counts
    )
    return counts


def _reaching(counts: np.ndarray) -> np.ndarray:
    """Count for each timeout what reaches beyond it, given how much has each reach."""
    return counts[::-1].cumsum()[::-1][1:]
