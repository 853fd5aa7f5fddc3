"""A recurrent network over the whole history, as if it were one session."""

from typing import Any

from hrnn.baselines.flat import FlatRecommender
from hrnn.recommend.estimators import HRNNEstimator, estimator_for


class FlatGRU(FlatRecommender):
    """GRU4Rec (Hidasi et al. 2016; Hidasi and Karatzoglou 2018) on one sequence a user.

    It is the session GRU of the HRNN with its losses, dropout and tied embeddings, never begun
    anew: what is between the two models is the hierarchy alone. It is trained through the whole
    sequence.
    """

    kind = "flat_gru"

    @staticmethod
    def make_estimator(settings: dict[str, Any]) -> HRNNEstimator:
        """Make the estimator of some settings."""
        return estimator_for(settings)
