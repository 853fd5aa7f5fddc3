"""Which interactions are learned from, which validate, which are held out."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from hrnn.arrays import ranges
from hrnn.data.interactions import Interactions
from hrnn.data.keys import row_keys
from hrnn.data.outcomes import taken_as
from hrnn.errors import ConfigError, DataError
from hrnn.sessions import Sessions, segment
from hrnn.training.config import SplitConfig
from hrnn.training.roles import HISTORY, TRAIN, VALID

#: Shares of the positives, by time, that the temporal split validates and tests on.
_VALID_SHARE, _TEST_SHARE = 0.1, 0.1


@dataclass(frozen=True)
class Split:
    """A log cut for honest figures.

    Attributes:
        name: of the split, in words.
        sessions: the whole log, cut into sessions.
        role: int8 [rows], TRAIN, VALID or HISTORY. HISTORY rows are never targets.
        test: int64, the rows held out, ascending; a row's history is its user's rows before it.
        hidden: bool [rows], what no model is given: rows held out, and all after them.
        counts: how many users or rows were treated specially, and why.
    """

    name: str
    sessions: Sessions
    role: np.ndarray
    test: np.ndarray
    hidden: np.ndarray
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def data(self) -> Interactions:
        """The whole log."""
        return self.sessions.data

    def known(self) -> tuple[Interactions, np.ndarray]:
        """Return what a model may be given, and its roles."""
        return self.data.take(~self.hidden), self.role[~self.hidden]


def leave_last_out(sessions: Sessions) -> Split:
    """Hold out each user's last interaction with an outcome above 0; the one before it validates.

    Rows between the two are history, rows after the held-out one are not used, and the rows of
    users with fewer than three such interactions are all learned from.

    Raises:
        DataError: no user has three.
    """
    positive, owner = _positives(sessions.data)
    count = np.bincount(owner, minlength=len(sessions.data.user_ids))
    last = np.cumsum(count) - 1  # of each user, among the positive rows
    enough = count >= 3
    if not enough.any():
        raise DataError(
            "no user has three interactions with an outcome above 0 (the most is"
            f" {int(count.max())}), so none can be held out and validated; choose the split 'all"
            " rows', or a longer log"
        )
    test, valid = positive[last[enough]], positive[last[enough] - 1]
    return _made("leave-last-out", sessions, valid, test, first_test=test, first_valid=valid)


def last_session_out(sessions: Sessions) -> Split:
    """Hold out each user's last session with an outcome above 0; the one before it validates.

    Every interaction of the session with an outcome above 0 is a target, whose history holds the
    earlier ones of the session too. The rows of users with fewer than three such sessions are all
    learned from.

    Raises:
        DataError: no user has three.
    """
    data = sessions.data
    positive, owner = _positives(data)
    users = len(data.user_ids)
    number, first = np.unique(sessions.number[positive], return_index=True)
    count = np.bincount(owner[first], minlength=users)
    last = np.cumsum(count) - 1  # of each user, among the sessions with a positive row
    enough = count >= 3
    if not enough.any():
        raise DataError(
            "no user has three sessions with an outcome above 0 (the most is"
            f" {int(count.max())}), so none can be held out and validated; choose another split, or"
            " a shorter timeout"
        )
    tested, validating = np.full(users, -1), np.full(users, -1)
    tested[enough], validating[enough] = number[last[enough]], number[last[enough] - 1]
    test = positive[sessions.number[positive] == tested[owner]]
    first_of_user = np.full(users, len(data))
    np.minimum.at(first_of_user, data.user_index[test], test)
    in_session = sessions.number[positive] == validating[owner]
    valid = positive[in_session & (positive < first_of_user[owner])]  # sessions may overlap
    first_test = np.sort(first_of_user[enough])
    first_valid = first_of_user.copy()
    np.minimum.at(first_valid, data.user_index[valid], valid)
    return _made(
        "last-session-out", sessions, valid, test, first_test, np.sort(first_valid[enough])
    )


def temporal(sessions: Sessions) -> Split:
    """Hold out the last tenth of the positive interactions in time; the tenth before validates.

    The cut is one moment for all users; of interactions at that moment none is held out.

    Raises:
        DataError: the interactions do not spread over enough moments.
    """
    data = sessions.data
    positive, _ = _positives(data)
    time = data.time_us
    ordered = np.sort(time[positive])
    shares = (1 - _VALID_SHARE - _TEST_SHARE, 1 - _TEST_SHARE)
    until_train, until_valid = (ordered[max(int(len(ordered) * s) - 1, 0)] for s in shares)
    test = positive[time[positive] > until_valid]
    valid = positive[(time[positive] > until_train) & (time[positive] <= until_valid)]
    if not len(test) or not len(valid):
        raise DataError(
            f"the {len(positive):,} interactions with an outcome above 0 lie on"
            f" {len(np.unique(ordered)):,} moments, too few to hold out the last tenth; choose"
            " another split"
        )
    after = np.flatnonzero(time > until_train)
    hidden = np.flatnonzero(time > until_valid)
    return _with_roles("global temporal split", sessions, valid, test, hidden, after)


def all_rows(sessions: Sessions) -> Split:
    """Learn from every row; nothing validates and nothing is held out."""
    rows = len(sessions.data)
    none = np.empty(0, np.int64)
    return Split("all rows", sessions, np.full(rows, TRAIN, np.int8), none, np.zeros(rows, bool))


SPLITS: dict[str, Callable[[Sessions], Split]] = {
    "leave_last_out": leave_last_out,
    "last_session_out": last_session_out,
    "temporal": temporal,
    "all_rows": all_rows,
}


def make_split(
    name: str,
    data: Interactions,
    timeout_minutes: float | None = 30.0,
    use_session_ids: bool = True,
) -> Split:
    """Split a log by the name of a split, with sessions cut as :func:`hrnn.segment` cuts them.

    Raises:
        ConfigError: there is no such split.
        DataError: the log is too short for it.
    """
    if name not in SPLITS:
        known = " or ".join(repr(one) for one in SPLITS if one != "all_rows")
        raise ConfigError(f"split={name!r}: it must be {known}")
    return SPLITS[name](segment(data, timeout_minutes, use_session_ids))


def split_for(data: Interactions, config: SplitConfig) -> Split:
    """Take a log's outcomes as an experiment takes them, and split it.

    Raises:
        DataError: the log is too short for the split, or its outcomes do not fit.
    """

    def split(rows: Interactions) -> Split:
        return make_split(config.split, rows, config.timeout_minutes, config.use_session_ids)

    whole = split(taken_as(data, config.outcomes, config.positive_from))
    if config.measured_on == "test":
        return whole
    try:
        earlier = split(whole.known()[0])
    except DataError as error:
        raise DataError(f"once what is held out was put aside, {error}") from None
    return replace(earlier, name=f"{earlier.name} on validation rows")


def _positives(data: Interactions) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows with an outcome above 0 and their users.

    Raises:
        DataError: there are none.
    """
    positive = np.flatnonzero(data.outcome > 0)
    if not len(positive):
        raise DataError(
            f"none of {len(data):,} interactions has an outcome above 0, so there is nothing to"
            " learn from; check which column is OUTCOME, or import the log without one"
        )
    return positive, data.user_index[positive]


def _made(
    name: str,
    sessions: Sessions,
    valid: np.ndarray,
    test: np.ndarray,
    first_test: np.ndarray,
    first_valid: np.ndarray,
) -> Split:
    """Make a split in which every tested user's rows from some row on are special."""
    data = sessions.data
    stop = data.user_starts[data.user_index[first_test] + 1]
    hidden, after = ranges(first_test, stop - first_test), ranges(first_valid, stop - first_valid)
    return _with_roles(name, sessions, valid, test, hidden, after)


def _with_roles(
    name: str,
    sessions: Sessions,
    valid: np.ndarray,
    test: np.ndarray,
    hidden: np.ndarray,
    not_trained: np.ndarray,
) -> Split:
    data = sessions.data
    role = np.full(len(data), TRAIN, np.int8)
    role[not_trained] = HISTORY
    role[valid] = VALID
    twins = _twins(data, np.concatenate([valid, test])) & (role == TRAIN)
    twins |= _twins(data, test) & (role == VALID)
    role[twins] = HISTORY
    mask = np.zeros(len(data), bool)
    mask[hidden] = True
    tested = np.unique(data.user_index[test])
    earlier = np.maximum(test - 1, 0)
    tied = (data.user_index[earlier] == data.user_index[test]) & (earlier < test)
    tied &= data.time_us[earlier] == data.time_us[test]
    counts = {
        "users": len(data.user_ids),
        "too_short": len(data.user_ids) - len(tested),
        "trained": int((role == TRAIN).sum()),
        "validated": int((role == VALID).sum()),
        "held_out": len(test),
        "tied_last": int(tied.sum()),
        "after_last": int(mask.sum()) - len(test),
        "twins": int(twins.sum()),
    }
    given = counts["trained"] + counts["validated"] + counts["twins"]
    counts["between"] = len(data) - given - int(mask.sum())
    return Split(name, sessions, role, test, mask, counts)


def _twins(data: Interactions, rows: np.ndarray) -> np.ndarray:
    """Bool [rows of the log]: equal to one of some rows in user, item and time, and not one."""
    twin = np.zeros(len(data), bool)
    same = (np.diff(data.user_index) == 0) & (np.diff(data.time_us) == 0)
    tied = np.flatnonzero(np.append(same, False) | np.insert(same, 0, False))
    keys = row_keys(data.take(tied))
    twin[tied] = np.isin(keys, keys[np.isin(tied, rows)])
    twin[rows] = False
    return twin
