"""Cutting interactions into sessions: by their session ids, else by gaps in time."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from hrnn.checks import check_switch
from hrnn.columns import SESSION
from hrnn.data.interactions import Interactions, check_read
from hrnn.errors import ConfigError, DataError

MINUTE_US = 60 * 1_000_000
_FOREVER_US = 2.0**62  # no gap is longer, and it fits an int64


@dataclass(frozen=True)
class Sessions:
    """The sessions of a log.

    Attributes:
        data: the interactions.
        number: int32 array (int64 from 2³¹ rows on, as all others here), for each interaction the
            number of its session in the whole log; sessions of a user are consecutive and in order
            of their first interaction.
        lengths: int32 array, interactions in each session.
        first_of_user: int32 array, number of each user's first session, in the order of
            ``data.user_ids``.
    """

    data: Interactions
    number: np.ndarray
    lengths: np.ndarray
    first_of_user: np.ndarray

    @property
    def count(self) -> int:
        """Number of sessions."""
        return len(self.lengths)

    @cached_property
    def per_user(self) -> np.ndarray:
        """int32 array: sessions of each user, in the order of ``data.user_ids``."""
        first = self.first_of_user
        return np.diff(first, append=first.dtype.type(self.count))

    @cached_property
    def opens(self) -> np.ndarray:
        """Bool array: whether each interaction is the first of its session."""
        opens = np.ones(len(self.number), bool)
        latest = np.maximum.accumulate(self.number)  # a session that opens has the next number
        np.greater(latest[1:], latest[:-1], out=opens[1:])
        return opens

    @property
    def in_user(self) -> np.ndarray:
        """int32 array: for each interaction the number of its session in its user, from 0."""
        return self.number - self.first_of_user[self.data.user_index]

    def cut_off(self, max_sessions: int, max_session_len: int) -> int:
        """Count the interactions that scoring does not read.

        They lie outside the last sessions of their user, or before the last items of their session.
        """
        read = np.minimum(self.lengths, max_session_len)
        before = np.concatenate([[0], np.cumsum(read, dtype=np.int64)])
        end = self.first_of_user + self.per_user
        start = np.maximum(self.first_of_user, end - max_sessions)
        return len(self.number) - int((before[end] - before[start]).sum())

    def frame(self) -> pd.DataFrame:
        """Return the rows of ``data.frame()`` with SESSION: 0, 1, … in each user."""
        return self.data.frame().assign(**{SESSION: self.in_user})


def segment(
    data: Interactions, timeout_minutes: float | None = 30.0, use_session_ids: bool = True
) -> Sessions:
    """Cut each user's interactions into sessions.

    A gap strictly greater than the timeout starts a new session; a gap equal to it does not.
    Where session ids are used they come first, belong to their user, and rows without one are
    cut by the timeout among themselves. One compiled pass over the rows.

    Args:
        data: the log.
        timeout_minutes: minutes, above 0; None only where every row has a session id.
        use_session_ids: whether SESSION_ID, where present, decides.

    Raises:
        ConfigError: the timeout is not a positive number, ``use_session_ids`` is neither True nor
            False, or ``data`` is no log.
        DataError: there is no timeout, and rows without a session id.
    """
    check_read(data)
    check_switch("use_session_ids", use_session_ids)
    ids = data.session_index if use_session_ids else None
    timeout_us = check_timeout(timeout_minutes)
    if timeout_us is None:
        _check_all_have_ids(ids)
        timeout_us = 0  # cuts nothing
    return _by_gaps(data, timeout_us) if ids is None else _by_ids(data, ids, timeout_us)


def check_timeout(timeout_minutes: float | None) -> int | None:
    """Return a timeout in microseconds.

    Raises:
        ConfigError: it is not a positive, finite number.
    """
    if timeout_minutes is None:
        return None
    number = isinstance(timeout_minutes, int | float | np.number)
    if not (number and math.isfinite(timeout_minutes) and timeout_minutes > 0):
        raise ConfigError(
            f"timeout_minutes={timeout_minutes!r}: it must be above 0; 30 is usual for the web"
        )
    return round(min(timeout_minutes * MINUTE_US, _FOREVER_US))


def gaps_minutes(data: Interactions) -> np.ndarray:
    """Return the minutes between consecutive interactions of the same user (float64 array)."""
    same = np.diff(data.user_index) == 0
    return np.diff(data.time_us)[same] / MINUTE_US


def rows_of_users(data: Interactions) -> tuple[np.ndarray, np.ndarray]:
    """Return times (int64 [rows], microseconds) and ``user_starts``, as the loops take them.

    Loops are compiled for each kind of array, and a read-only one is another kind: these always
    are.
    """
    return _fixed(data.time_us), _fixed(data.user_starts)


def _fixed(array: np.ndarray) -> np.ndarray:
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def _check_all_have_ids(ids: np.ndarray | None) -> None:
    if ids is None:
        raise DataError(
            "a timeout of None needs a SESSION_ID column, and there is none; give a timeout in"
            " minutes, or map a column to SESSION_ID"
        )
    without = int((ids < 0).sum())
    if without:
        raise DataError(
            f"{without:,} interactions have no SESSION_ID and no timeout is set;"
            " give a timeout in minutes for them"
        )


def _by_gaps(data: Interactions, timeout_us: int) -> Sessions:
    from hrnn.sessions.loops import number_by_gaps  # noqa: PLC0415 - numba takes a third of a second

    kind = _count_type(data)
    number, lengths = np.empty(len(data), kind), np.empty(len(data), kind)
    first = np.empty(len(data.user_ids), kind)
    count = number_by_gaps(*rows_of_users(data), timeout_us, number, first, lengths)
    return Sessions(data, number, lengths[:count], first)  # of the rest no memory was touched


def _by_ids(data: Interactions, ids: np.ndarray, timeout_us: int) -> Sessions:
    from hrnn.sessions.loops import number_by_ids  # noqa: PLC0415 - numba takes a third of a second

    kind = _count_type(data)
    number, lengths = np.empty(len(data), kind), np.zeros(len(data), kind)
    first = np.empty(len(data.user_ids), kind)
    known = int(ids.max(initial=-1)) + 1
    tables = np.zeros(known, kind), np.empty(known, kind)
    count = number_by_ids(
        *rows_of_users(data), _fixed(ids), timeout_us, *tables, number, first, lengths
    )
    return Sessions(data, number, lengths[:count], first)


def _count_type(data: Interactions) -> type[np.signedinteger]:
    return np.int32 if len(data) < 2**31 else np.int64
