"""Which interactions are learned from, which validate, which are held out."""

from dataclasses import dataclass, field

import numpy as np

from hrnn.data.interactions import Interactions
from hrnn.errors import DataError
from hrnn.training.roles import HISTORY, TRAIN, VALID


@dataclass(frozen=True)
class Split:
    """A log cut for honest figures.

    Attributes:
        data: the whole log.
        role: int8 [rows], TRAIN, VALID or HISTORY. HISTORY rows are never targets.
        test: int64 [tested users], the row held out for each; the user's rows before it are
            the history.
        counts: how many users or rows were treated specially, and why.
    """

    data: Interactions
    role: np.ndarray
    test: np.ndarray
    counts: dict[str, int] = field(default_factory=dict)

    def known(self) -> tuple[Interactions, np.ndarray]:
        """Return what a model may be given, and its roles: all but what is held out and later."""
        hidden = np.zeros(len(self.data), bool)
        users = self.data.user_index[self.test]
        for row, stop in zip(self.test, self.data.user_starts[users + 1], strict=True):
            hidden[row:stop] = True
        return self.data.take(~hidden), self.role[~hidden]

    def histories(self, tested: np.ndarray) -> Interactions:
        """Return the rows that precede some of the held-out rows, for the users of those rows."""
        starts = self.data.user_starts[self.data.user_index[tested]]
        if not len(tested):
            return self.data.slice(0, 0)
        low, high = int(starts.min()), int(tested.max())
        mask = np.zeros(high - low + 1, np.int8)
        np.add.at(mask, starts - low, 1)
        np.add.at(mask, tested - low, -1)
        return self.data.slice(low, high).take(np.cumsum(mask[:-1]) > 0)


def leave_last_out(data: Interactions) -> Split:
    """Hold out each user's last interaction with an outcome above 0; the one before it validates.

    Rows between the two are history, rows after the held-out one are not used, and the rows of
    users with fewer than three such interactions are all learned from.

    Raises:
        DataError: no user has three.
    """
    positive = np.flatnonzero(data.outcome > 0)
    owner = data.user_index[positive]
    count = np.bincount(owner, minlength=len(data.user_ids))
    last = np.cumsum(count) - 1  # of each user, among the positive rows
    enough = count >= 3
    if not enough.any():
        most = int(count.max(initial=0))
        if most == 0:
            raise DataError(
                f"none of {len(data):,} interactions has an outcome above 0, so there is nothing to"
                " learn from; check which column is OUTCOME, or import the log without one"
            )
        raise DataError(
            f"no user has three interactions with an outcome above 0 (the most is {most}), so none"
            " can be held out and validated; choose the split 'all rows', or a longer log"
        )
    test, valid = positive[last[enough]], positive[last[enough] - 1]
    role = np.full(len(data), TRAIN, np.int8)
    users = data.user_index[test]
    for before, stop in zip(valid, data.user_starts[users + 1], strict=True):
        role[before:stop] = HISTORY
    role[valid] = VALID
    counts = {
        "users": len(data.user_ids),
        "too_short": int((~enough).sum()),
        "tied_last": int((data.time_us[test] == data.time_us[valid]).sum()),
        "after_last": int((data.user_starts[users + 1] - 1 - test).sum()),
    }
    return Split(data, role, test, counts)


def all_rows(data: Interactions) -> Split:
    """Learn from every row; nothing validates and nothing is held out."""
    return Split(data, np.full(len(data), TRAIN, np.int8), np.empty(0, np.int64))


SPLITS = {"leave_last_out": leave_last_out, "all_rows": all_rows}
