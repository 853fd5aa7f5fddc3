"""What the recommenders share that train a network."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from hrnn.data.interactions import Interactions
from hrnn.errors import listed
from hrnn.model.histories import Histories
from hrnn.recommend.estimators import NetworkEstimator
from hrnn.recommend.request import Request
from hrnn.recommend.session_aware import SessionRecommender
from hrnn.training.config import TrainConfig
from hrnn.training.targets import TrainingSet
from hrnn.training.trainer import Callback

#: What models that were saved before these settings existed were trained with.
_ADDED = {"learning_rate_decay": "none", "scoring": "product"}


class NetworkRecommender(SessionRecommender):
    """A network, trained with the settings of its estimator.

    Args:
        estimator: makes and trains the network.
        session_timeout_minutes: a longer gap starts a session; None where all rows have ids.
        use_session_ids: whether SESSION_ID, where present, decides before the timeout.
    """

    def __init__(
        self,
        estimator: NetworkEstimator[Any],
        session_timeout_minutes: float | None,
        use_session_ids: bool,
    ) -> None:
        super().__init__(session_timeout_minutes, use_session_ids)
        self.estimator = estimator

    @abstractmethod
    def training_set(self, data: Interactions, role: np.ndarray) -> TrainingSet:
        """Lay a log out for the training; ``vocabulary`` is already made."""

    @abstractmethod
    def score_histories(self, histories: Histories, new_session: np.ndarray) -> np.ndarray:
        """Return float32 scores [users, items] of what comes after each history.

        Args:
            histories: what each user did, laid out as :meth:`histories` does.
            new_session: bool [users], whether what comes next begins a session.
        """

    @classmethod
    @abstractmethod
    def of_training(
        cls, training: TrainConfig, session_timeout_minutes: float | None, use_session_ids: bool
    ) -> "NetworkRecommender":
        """Make a model, not trained, of the settings of its training."""

    @property
    def max_sessions(self) -> int:
        """Last sessions of a user that scoring reads; set here, it holds in the estimator too."""
        return self.estimator.config.max_sessions

    @max_sessions.setter
    def max_sessions(self, count: int) -> None:
        self.estimator.change(max_sessions=count)

    @property
    def max_session_len(self) -> int:
        """Last items of each session that scoring reads; set here, it holds in the estimator."""
        return self.estimator.config.max_session_len

    @max_session_len.setter
    def max_session_len(self, count: int) -> None:
        self.estimator.change(max_session_len=count)

    @property
    def predicts_outcome(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether a score is an estimate of the outcome, in its unit."""
        return self.estimator.config.loss == "mse"

    def learn(
        self,
        data: Interactions,
        role: np.ndarray,
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
    ) -> None:
        """Train the network on every interaction of the log; see :meth:`Recommender.train`."""
        self.estimator.fit(self.training_set(data, role), callbacks, resume_from)

    def score(self, request: Request) -> np.ndarray:
        """Return float32 scores [questions, items]; somebody without history gets some too."""
        return self.score_histories(self.histories(request), request.new_session)

    def item_index(self, data: Interactions) -> np.ndarray:
        """int32 [rows]: the model's index of each row's item."""
        return self.vocabulary.indices(data.item_ids)[data.item_index]

    def weights(self) -> dict[str, Tensor]:
        """Return the network's weights, on the CPU."""
        self.check_trained()
        return {name: value.cpu() for name, value in self.estimator.fitted().state_dict().items()}

    def take_weights(self, weights: dict[str, Tensor], source: str) -> None:
        """Take the weights of a saved model."""
        self.estimator.restore(weights, len(self.vocabulary), source)

    def settings(self) -> dict[str, Any]:
        """Return settings of the estimator, and what cuts the sessions."""
        return {"training": self.estimator.config.plain(), **super().settings()}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "NetworkRecommender":
        """Make a model, not trained, of what :meth:`settings` returned."""
        plain = {**_ADDED, **settings["training"]}
        missing = {one.name for one in fields(TrainConfig)} - set(plain)  # pyright: ignore
        if missing:
            raise KeyError(f"settings without {listed(sorted(missing))}")
        training = TrainConfig(**{**plain, "device": None})  # a model may be read elsewhere
        return cls.of_training(
            training, settings["session_timeout_minutes"], settings["use_session_ids"]
        )
