"""What is learned from, what validates, and what is only history."""

from dataclasses import dataclass

import numpy as np

from hrnn.model.histories import Histories
from hrnn.training.config import TrainConfig
from hrnn.training.roles import HISTORY, check_learnable


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
        cls,
        histories: Histories,
        role: np.ndarray,
        outcome: np.ndarray,
        items: int,
        config: TrainConfig,
    ) -> "TrainingSet":
        """Make a set from rows' roles and outcomes, keeping as targets only what the loss can use.

        With ``truncate_training`` histories are cut as scoring cuts them, and the first kept item
        of a cut session is history: what came before it in the session is gone.

        Raises:
            DataError: see :func:`hrnn.training.roles.check_learnable`.
        """
        kept, role = histories, role.copy()
        if config.truncate_training:
            kept = histories.window(config.max_sessions, config.max_session_len)
            first = np.isin(histories.rows, kept.rows[kept.session_starts[:-1]])
            opens = np.zeros(len(first), bool)
            opens[histories.session_starts[:-1]] = True
            role[histories.rows[first & ~opens]] = HISTORY
        rows = kept.rows
        outcome = outcome.astype(np.float32)[rows]
        return cls(kept, check_learnable(role[rows], outcome, items, config.loss), outcome, items)

    def users_with(self, role: int) -> np.ndarray:
        """Users (int64) who have a target of this role."""
        before = np.zeros(len(self.role) + 1, np.int64)
        np.cumsum(self.role == role, out=before[1:])
        bounds = self.histories.session_starts[self.histories.user_starts]
        return np.flatnonzero(np.diff(before[bounds]))
