"""The session-aware recommender: sessions, vocabulary and the HRNN together."""

import copy
import warnings

import numpy as np
from torch import Tensor

from hrnn.data.interactions import Interactions
from hrnn.errors import ConfigError, HRNNError
from hrnn.model.histories import Histories
from hrnn.recommend.estimators import estimator_for
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.recommend.scorer import HierarchicalScorer
from hrnn.training.config import TrainConfig
from hrnn.training.targets import TrainingSet


class HierarchicalSequentialRecommender(NetworkRecommender):
    """Recommends from the sessions of a user, cut by session ids or by a timeout.

    Args:
        scorer: wraps the estimator.
        max_sessions: last sessions of a user that scoring reads.
        max_session_len: last items of each that scoring reads.
        session_timeout_minutes: a longer gap starts a session; None where all rows have ids.
        use_session_ids: whether SESSION_ID, where present, decides before the timeout.
    """

    kind = "hrnn"

    def __init__(
        self,
        scorer: HierarchicalScorer,
        max_sessions: int = 10,
        max_session_len: int = 20,
        session_timeout_minutes: float | None = 30,
        use_session_ids: bool = True,
    ) -> None:
        if not isinstance(scorer, HierarchicalScorer):
            kind = type(scorer).__name__
            raise ConfigError(f"scorer is of type {kind}; pass hrnn.HierarchicalScorer(estimator)")
        super().__init__(scorer.estimator, session_timeout_minutes, use_session_ids)
        self.scorer = scorer
        self.estimator = scorer.estimator
        own = {"max_sessions": max_sessions, "max_session_len": max_session_len}
        for name, value in own.items():
            theirs = getattr(self.estimator.config, name)
            if theirs != value:
                warnings.warn(
                    f"{name} is {theirs} in the estimator and {value} in the recommender, which"
                    " decides",
                    stacklevel=2,
                )
        self.estimator.change(**own)

    def training_set(self, data: Interactions, role: np.ndarray) -> TrainingSet:
        """Lay a log out in sessions."""
        number, users = self.sessions(data).number, len(data.user_ids)
        histories = Histories.of(self.item_index(data), data.user_index, number, users)
        config = self.estimator.config
        return TrainingSet.of(histories, role, data.outcome, len(self.vocabulary), config)

    def score_histories(self, histories: Histories, new_session: np.ndarray) -> np.ndarray:
        """Return float32 scores [users, items]; nothing before gives those of ``tanh(b)``."""
        return self.scorer.score(histories, new_session)

    def without_user_state(self) -> "HierarchicalSequentialRecommender":
        """Return this model as it scores if every user state were zero.

        It shows how sensitive the scores are to the user state, not what the user state is worth:
        for that a model has to be trained without one.
        """
        self.check_trained()
        made = copy.copy(self)
        made.estimator = copy.copy(self.estimator)
        made.estimator.network_ = copy.copy(self.estimator.fitted())
        made.estimator.network_.remembers = False
        made.scorer = HierarchicalScorer(made.estimator)
        return made

    def weights(self) -> dict[str, Tensor]:
        """Return the network's weights, on the CPU.

        Raises:
            HRNNError: the user state is zeroed, which a saved model could not say.
        """
        self.check_trained()
        network = self.estimator.fitted()
        if network.remembers != (network.user_state != "none"):
            raise HRNNError(
                "a model whose user state is zeroed is for measuring; save the whole one"
            )
        return super().weights()

    @classmethod
    def of_training(
        cls, training: TrainConfig, session_timeout_minutes: float | None, use_session_ids: bool
    ) -> "HierarchicalSequentialRecommender":
        """Make a model, not trained, of the settings of its training."""
        return cls(
            HierarchicalScorer(estimator_for(training.plain())),
            max_sessions=training.max_sessions,
            max_session_len=training.max_session_len,
            session_timeout_minutes=session_timeout_minutes,
            use_session_ids=use_session_ids,
        )
