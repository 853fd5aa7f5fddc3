"""Turning a caller's histories into a request."""

import warnings
from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from hrnn.columns import USER_ID
from hrnn.data.interactions import Interactions
from hrnn.data.plain_times import EARLIEST_S, LATEST_S
from hrnn.data.reading import read_interactions
from hrnn.data.sql import BLANKS
from hrnn.data.tables import load_text
from hrnn.data.timestamps import read_times
from hrnn.data.vocabulary import Vocabulary
from hrnn.errors import ConfigError, listed
from hrnn.recommend.request import Request

Start = Literal["auto", "continue", "new"]
Moment = str | float | datetime | np.datetime64
#: Of a user whose moment nobody gave.
_NEVER = np.iinfo(np.int64).min
#: How deep the caller of ``recommend`` stands above the warnings given here.
_CALLER = 5


def make_request(
    interactions: pd.DataFrame | Interactions,
    start: Start,
    now: Moment | Mapping[str, Moment] | None,
    timeout_minutes: float | None,
    vocabulary: Vocabulary,
) -> Request:
    """Ask for every user of some histories, in order of first appearance.

    Rows that are gone, readings that may be wrong, users without a sound row and items that the
    model does not know are said in a warning each.

    Args:
        interactions: a frame, or a log already read.
        start: see :meth:`hrnn.recommend.base.Recommender.recommend`.
        now: see there.
        timeout_minutes: a longer time since the last interaction begins a session; None never.
        vocabulary: the items that the model knows.

    Raises:
        ConfigError: ``start`` has no such value, or ``now`` is no time.
        DataError: the histories cannot be read.
    """
    if start not in ("auto", "continue", "new"):
        raise ConfigError(f"start={start!r}: it must be 'auto', 'continue' or 'new'")
    if isinstance(interactions, Interactions):
        data, users = interactions, interactions.user_ids
    else:
        data = read_interactions(interactions)
        for words in data.report.caveats():
            warnings.warn(words, stacklevel=_CALLER - 1)
        users = _order_of_users(interactions, data)
    _say_what_is_missing(data, users, vocabulary)
    place = pd.Index(data.user_ids).get_indexer(pd.Index(users))
    bounds = np.append(data.user_starts, 0)  # place -1 is the end, where an unknown user's 0:0 lies
    known = place >= 0
    first, stop = bounds[place] * known, bounds[place + 1] * known
    new = np.full(len(users), start == "new")
    if start == "auto" and now is not None and timeout_minutes is not None:
        moments = _moments(now, users)
        for question in np.flatnonzero(known & (moments != _NEVER)):
            waited = int(moments[question]) - int(data.time_us[stop[question] - 1])
            new[question] = waited > timeout_minutes * 60_000_000
    return Request(data, users, first, stop, new)


def _moments(now: Moment | Mapping[str, Moment], users: np.ndarray) -> np.ndarray:
    """Return the moment of each user in microseconds; _NEVER where there is none."""
    if not isinstance(now, Mapping):
        return np.full(len(users), micros(now))
    told = {str(user): micros(moment) for user, moment in now.items()}
    moments = np.array([told.get(user, _NEVER) for user in users], np.int64)
    if told and len(users) and (moments == _NEVER).all():
        warnings.warn(
            f"now names none of the users ({listed(list(users), 3)}) but {listed(list(told), 3)};"
            " now is the last interaction of each user",
            stacklevel=_CALLER,
        )
    return moments


def micros(moment: Moment) -> int:
    """Return a moment in microseconds since the epoch; numbers are Unix seconds.

    Text is read as the times of a log are.

    Raises:
        ConfigError: it is no time, or one that day and month cannot be told apart in.
    """
    if isinstance(moment, str):
        read = read_times(pa.chunked_array([[moment]], pa.string()))
        if read.readable.all() and not read.ambiguous:
            return int(read.us[0])
    elif isinstance(moment, int | float | np.number) and not isinstance(moment, bool):
        if EARLIEST_S <= moment < LATEST_S:  # so is no NaN
            return round(float(moment) * 1_000_000)
    elif isinstance(moment, datetime | date | np.datetime64):
        stamp = pd.to_datetime(moment, utc=True, errors="coerce")
        if isinstance(stamp, pd.Timestamp):
            return int(stamp.as_unit("us").asm8.astype(np.int64))  # .value is in nanoseconds
    raise ConfigError(
        f"now={moment!r}: it must be a time, as ISO 8601 text, Unix seconds or a datetime"
    )


def _say_what_is_missing(data: Interactions, users: np.ndarray, vocabulary: Vocabulary) -> None:
    without = len(users) - len(data.user_ids)
    if without:
        here = set(data.user_ids)
        gone = [user for user in users if user not in here]
        warnings.warn(
            f"{without:,} of {len(users):,} users have no sound row ({listed(gone, 3)}); they get"
            " what the model recommends to somebody without a history",
            stacklevel=_CALLER,
        )
    unknown = vocabulary.unknown(data.item_ids)
    if unknown and len(vocabulary):
        warnings.warn(
            f"{len(unknown):,} of {len(data.item_ids):,} items are unknown to the model and"
            f" left out of the histories ({listed(unknown, 3)})",
            stacklevel=_CALLER,
        )


def _order_of_users(frame: pd.DataFrame, data: Interactions) -> np.ndarray:
    """Users of a frame in order of first appearance, those without a sound row too."""
    text = load_text(frame)
    column = text.column(data.report.column_of(USER_ID) or USER_ID)
    users = (user.strip(BLANKS) for user in column.unique().to_pylist() if user)
    return np.array(list(dict.fromkeys(user for user in users if user)), dtype=object)
