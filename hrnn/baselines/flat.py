"""What models share that read a user's history as one sequence, without sessions."""

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from hrnn.data.interactions import Interactions
from hrnn.errors import ConfigError
from hrnn.model.histories import Histories
from hrnn.recommend.estimators import NetworkEstimator
from hrnn.recommend.network_recommender import NetworkRecommender
from hrnn.recommend.request import Request
from hrnn.training.config import RECOMMENDED, TrainConfig
from hrnn.training.targets import TrainingSet


class FlatRecommender(NetworkRecommender):
    """A network that reads one sequence a user, to which a new session means nothing.

    Sessions are cut all the same where they are asked for, so that a split and its slices are
    those of the models beside it.

    Args:
        training: settings; ``user_state`` has no meaning here and becomes "none".
        session_timeout_minutes: a longer gap starts a session; None where all rows have ids.
        use_session_ids: whether SESSION_ID, where present, decides before the timeout.
    """

    def __init__(
        self,
        training: TrainConfig = RECOMMENDED,
        session_timeout_minutes: float | None = 30,
        use_session_ids: bool = True,
    ) -> None:
        if not isinstance(training, TrainConfig):
            raise ConfigError(f"training is of type {type(training).__name__}; pass a TrainConfig")
        flat: dict[str, Any] = {**training.plain(), "user_state": "none"}
        super().__init__(self.make_estimator(flat), session_timeout_minutes, use_session_ids)

    @staticmethod
    @abstractmethod
    def make_estimator(settings: dict[str, Any]) -> NetworkEstimator[Any]:
        """Make the estimator of some settings."""

    @classmethod
    def of_training(
        cls, training: TrainConfig, session_timeout_minutes: float | None, use_session_ids: bool
    ) -> "FlatRecommender":
        """Make a model, not trained, of the settings of its training."""
        return cls(training, session_timeout_minutes, use_session_ids)

    @property
    def length(self) -> int:
        """Last items of a history that scoring reads: as many as an HRNN reads at most."""
        return self.max_sessions * self.max_session_len

    def pieces(self, data: Interactions) -> tuple[np.ndarray, int]:
        """Return which sequence each row belongs to in training (ascending), and their number."""
        return data.user_index, len(data.user_ids)

    def training_set(self, data: Interactions, role: np.ndarray) -> TrainingSet:
        """Lay a log out in sequences."""
        piece, count = self.pieces(data)
        histories = Histories.of(self.item_index(data), piece, piece, count)
        window: Any = {"max_sessions": 1, "max_session_len": self.length}
        config = replace(self.estimator.config, **window)
        return TrainingSet.of(histories, role, data.outcome, len(self.vocabulary), config)

    def histories(self, request: Request) -> Histories:
        """Return a request's histories, each in one piece."""
        item, owner = self.item_index(request.data)[request.rows], request.owner
        return Histories.of(item, owner, owner, len(request))

    @torch.no_grad()
    def score_histories(self, histories: Histories, new_session: np.ndarray) -> np.ndarray:
        """Return float32 scores [users, items], whether or not a session begins."""
        network, read = self.estimator.fitted(), histories.window(1, self.length)
        parts = [
            network.scores(network.states_after(batch)[lane]).cpu().numpy()
            for batch, lane in self.estimator.batches(read)
        ]
        return np.concatenate(parts)[: histories.users]
