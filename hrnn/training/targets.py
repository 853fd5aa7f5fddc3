"""What is learned from, what validates, and what is only history."""

from dataclasses import dataclass

import numpy as np

from hrnn.errors import DataError
from hrnn.model.histories import Histories

HISTORY, TRAIN, VALID = 0, 1, 2


@dataclass(frozen=True)
class TrainingSet:
    """Histories with a role and an outcome for each interaction in them.

    Attributes:
        histories: users' sessions.
        role: int8, HISTORY, TRAIN or VALID: an interaction is read by the network whatever its
            role, and is a target of one kind at most.
        outcome: float32, NaN where none was observed.
        items: size of the catalogue.
    """

    histories: Histories
    role: np.ndarray
    outcome: np.ndarray
    items: int

    @classmethod
    def of(
        cls, histories: Histories, role: np.ndarray, outcome: np.ndarray, items: int, loss: str
    ) -> "TrainingSet":
        """Make a set from rows' roles and outcomes, keeping as targets only what the loss can use.

        Raises:
            DataError: outcomes that the loss has no meaning for, or nothing to learn from.
        """
        role, outcome = role[histories.rows].copy(), outcome[histories.rows].astype(np.float32)
        used = outcome[(role != HISTORY) & ~np.isnan(outcome)]
        outside = (used < 0) | (used > 1)
        if outside.any():
            raise DataError(
                f"{int(outside.sum()):,} of {len(used):,} outcomes are outside 0 to 1 (one is"
                f" {used[outside][0]:g}); scale them to 0–1, use HRNNRegressorEstimator for raw"
                " values, or leave the OUTCOME column out"
            )
        soft = (used > 0) & (used < 1)
        if loss != "bce" and soft.any():
            raise DataError(
                f"{int(soft.sum()):,} outcomes lie between 0 and 1 (one is {used[soft][0]:g});"
                f" loss={loss!r} takes 0 and 1 only: use loss='bce', or round them"
            )
        role[np.isnan(outcome) if loss == "bce" else ~(outcome > 0)] = HISTORY
        if not (role == TRAIN).any() or not (outcome[role == TRAIN] > 0).any():
            raise DataError(
                "there is no interaction to learn from: no training row has an outcome above 0;"
                " check the OUTCOME column, or leave it out"
            )
        if items < 2:
            raise DataError(
                "the log has one item, so there is nothing to choose between; a recommender"
                " needs at least two items"
            )
        return cls(histories, role, outcome, items)

    def users_with(self, role: int) -> np.ndarray:
        """Users (int64) who have a target of this role."""
        rows_before = np.concatenate([[0], np.cumsum(self.role == role)])
        bounds = self.histories.session_starts[self.histories.user_starts]
        return np.flatnonzero(np.diff(rows_before[bounds]))
