"""From histories to the scores of all items."""

import numpy as np
import torch

from hrnn.model.histories import Histories
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
        config, network = self.estimator.config, self.estimator.network_
        assert network is not None, "the estimator is not fitted"
        kept = histories.window(config.max_sessions, config.max_session_len)
        scores = np.empty((histories.users, len(network.bias_I) - 1), np.float32)
        for users, states_BH in self.estimator.states(kept, new_session):
            with torch.no_grad():
                scores[users] = network.scores(states_BH).cpu().numpy()
        return scores
