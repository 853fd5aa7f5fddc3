"""Cutting interactions into sessions: by their session ids, else by gaps in time."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from hrnn.columns import SESSION
from hrnn.data.interactions import Interactions
from hrnn.errors import ConfigError, DataError

MINUTE_US = 60 * 1_000_000
_FOREVER_US = 2.0**62  # no gap is longer, and it fits an int64


@dataclass(frozen=True)
class Sessions:
    """The sessions of a log.

    Attributes:
        data: the interactions.
        number: int64 array, for each interaction the number of its session in the whole log;
            sessions of a user are consecutive and in order of their first interaction.
    """

    data: Interactions
    number: np.ndarray

    @cached_property
    def lengths(self) -> np.ndarray:
        """int64 array: interactions in each session."""
        return np.bincount(self.number)

    @property
    def count(self) -> int:
        """Number of sessions."""
        return len(self.lengths)

    @cached_property
    def per_user(self) -> np.ndarray:
        """int64 array: sessions of each user, in the order of ``data.user_ids``."""
        first = self.first_of_user
        return np.append(first[1:], self.count) - first

    @cached_property
    def opens(self) -> np.ndarray:
        """Bool array: whether each interaction is the first of its session."""
        opens = np.zeros(len(self.number), bool)
        opens[np.unique(self.number, return_index=True)[1]] = True
        return opens

    @cached_property
    def first_of_user(self) -> np.ndarray:
        """int64 array: number of each user's first session."""
        return np.minimum.reduceat(self.number, self.data.user_starts[:-1])

    @property
    def in_user(self) -> np.ndarray:
        """int64 array: for each interaction the number of its session in its user, from 0."""
        return self.number - self.first_of_user[self.data.user_index]

    def frame(self) -> pd.DataFrame:
        """Return the rows of ``data.frame()`` with SESSION: 0, 1, … in each user."""
        return self.data.frame().assign(**{SESSION: self.in_user})


def segment(
    data: Interactions, timeout_minutes: float | None = 30.0, use_session_ids: bool = True
) -> Sessions:
    """Cut each user's interactions into sessions.

    A gap strictly greater than the timeout starts a new session; a gap equal to it does not.
    Where session ids are used they come first, belong to their user, and rows without one are
    cut by the timeout among themselves.

    Args:
        data: the log.
        timeout_minutes: minutes, above 0; None only where every row has a session id.
        use_session_ids: whether SESSION_ID, where present, decides.

    Raises:
        ConfigError: the timeout is not a positive number.
        DataError: there is no timeout, and rows without a session id.
    """
    ids = data.session_index if use_session_ids else None
    timeout_us = check_timeout(timeout_minutes)
    if ids is None:
        if timeout_us is None:
            raise DataError(
                "session_timeout_minutes=None needs a SESSION_ID column, and there is none;"
                " give a timeout in minutes or map a column to SESSION_ID"
            )
        number = np.cumsum(_starts(data.user_index, data.time_us, timeout_us))
        number -= 1  # in place: logs are long
        return Sessions(data, number)
    without = np.flatnonzero(ids < 0)
    group = ids.copy()
    if len(without):
        if timeout_us is None:
            raise DataError(
                f"{len(without):,} interactions have no SESSION_ID and no timeout is set;"
                " give a timeout in minutes for them"
            )
        cut = _starts(data.user_index[without], data.time_us[without], timeout_us)
        group[without] = ids.max(initial=-1) + np.cumsum(cut)
    return Sessions(data, _in_order(data.user_index, group))


def check_timeout(timeout_minutes: float | None) -> int | None:
    """Return a timeout in microseconds.

    Raises:
        ConfigError: it is not a positive, finite number.
    """
    if timeout_minutes is None:
        return None
    if not (math.isfinite(timeout_minutes) and timeout_minutes > 0):
        raise ConfigError(
            f"timeout_minutes={timeout_minutes}: it must be above 0; 30 is usual for the web"
        )
    return round(min(timeout_minutes * MINUTE_US, _FOREVER_US))


def gaps_minutes(data: Interactions) -> np.ndarray:
    """Return the minutes between consecutive interactions of the same user (float64 array)."""
    same = np.diff(data.user_index) == 0
    return np.diff(data.time_us)[same] / MINUTE_US


def _starts(user: np.ndarray, time_us: np.ndarray, timeout_us: int) -> np.ndarray:
    """Whether each row starts a session, for rows sorted by user and time."""
    new = np.ones(len(user), bool)
    new[1:] = (user[1:] != user[:-1]) | (np.diff(time_us) > timeout_us)
    return new


def _in_order(user: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Number (user, group) pairs by user and then by their first row."""
    order = np.lexsort((group, user))
    new = np.ones(len(user), bool)
    new[1:] = (user[order][1:] != user[order][:-1]) | (group[order][1:] != group[order][:-1])
    pair = np.empty(len(user), np.int64)
    pair[order] = np.cumsum(new) - 1
    first_row = order[new]  # lexsort is stable: the first row of each pair comes first
    rank = np.empty(len(first_row), np.int64)
    rank[np.argsort(first_row, kind="stable")] = np.arange(len(first_row))
    return rank[pair]
