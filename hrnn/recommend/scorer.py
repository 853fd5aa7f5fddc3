"""From histories to the scores of all items, and on from there."""

import numpy as np
import torch

from hrnn.model.histories import Histories
from hrnn.model.network import Standing
from hrnn.recommend.estimators import HRNNEstimator


class HierarchicalScorer:
    """Scores items with a fitted estimator."""

    def __init__(self, estimator: HRNNEstimator) -> None:
        self.estimator = estimator

    def score(self, histories: Histories, new_session: np.ndarray) -> np.ndarray:
        """Return float32 scores [users, items] after the last window of each history.

        Args:
            histories: what each user did; cut to ``max_sessions`` × ``max_session_len`` here.
            new_session: bool [users], whether what comes next begins a session.
        """
        return self.score_from(self.stand(histories), new_session | histories.lost_last)

    def stand(self, histories: Histories) -> Standing:
        """Return where users stand after the last window of each history."""
        config = self.estimator.config
        return self.estimator.stand(histories.window(config.max_sessions, config.max_session_len))

    @torch.no_grad()
    def advance(self, standing: Standing, items: np.ndarray, new_session: np.ndarray) -> Standing:
        """Go on by one interaction of every user.

        It ends where the whole history would, so long as that fits the window.

        Args:
            standing: where they stand.
            items: integers [users], item indices.
            new_session: bool [users], whose interaction starts a session.
        """
        network = self.estimator.fitted()
        device = network.device
        chosen = torch.as_tensor(items, dtype=torch.int64, device=device)
        return network.advance(standing, chosen, torch.as_tensor(new_session, device=device))

    @torch.no_grad()
    def score_from(self, standing: Standing, new_session: np.ndarray) -> np.ndarray:
        """Return float32 scores [users, items] of what comes next."""
        network = self.estimator.fitted()
        starts = torch.as_tensor(new_session, device=network.device)
        states_BH = network.start_sessions(standing, starts).session_LBH[-1]
        return network.scores(states_BH).cpu().numpy()
