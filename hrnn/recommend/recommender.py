"""The session-aware recommender: sessions, vocabulary and the HRNN together."""

import copy
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from hrnn.data.interactions import Interactions
from hrnn.errors import HRNNError, listed
from hrnn.model.histories import Histories
from hrnn.model.network import HRNN
from hrnn.recommend.estimators import estimator_for
from hrnn.recommend.request import Request
from hrnn.recommend.scorer import HierarchicalScorer
from hrnn.recommend.session_aware import SessionRecommender
from hrnn.training.config import TrainConfig
from hrnn.training.targets import TrainingSet
from hrnn.training.trainer import Callback


class HierarchicalSequentialRecommender(SessionRecommender):
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
        super().__init__(session_timeout_minutes, use_session_ids)
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
        made = TrainingSet.of(
            self._histories(data), role, data.outcome, len(self.vocabulary), self.estimator.config
        )
        self.estimator.fit(made, callbacks, resume_from)

    def _histories(self, data: Interactions) -> Histories:
        items = self.vocabulary.indices(data.item_ids)[data.item_index]
        number = self.sessions(data).number
        return Histories.of(items, data.user_index, number, len(data.user_ids))

    def score(self, request: Request) -> np.ndarray:
        """Return float32 scores [questions, items].

        Somebody without history gets the scores of ``tanh(b)``.
        """
        return self.scorer.score(self.histories(request), request.new_session)

    def without_user_state(self) -> "HierarchicalSequentialRecommender":
        """Return this model as it scores if every user state were zero.

        It shows how sensitive the scores are to the user state, not what the user state is worth:
        for that a model has to be trained without one.
        """
        made = copy.copy(self)
        made.estimator = copy.copy(self.estimator)
        made.estimator.network_ = copy.copy(self._network())
        made.estimator.network_.remembers = False
        made.scorer = HierarchicalScorer(made.estimator)
        return made

    def weights(self) -> dict[str, Tensor]:
        """Return the network's weights, on the CPU.

        Raises:
            HRNNError: the user state is zeroed, which a saved model could not say.
        """
        network = self._network()
        if network.remembers != (network.user_state != "none"):
            raise HRNNError(
                "a model whose user state is zeroed is for measuring; save the whole one"
            )
        return {name: value.cpu() for name, value in network.state_dict().items()}

    def take_weights(self, weights: dict[str, Tensor], source: str) -> None:
        """Take the weights of a saved model."""
        self.estimator.restore(weights, len(self.vocabulary), source)

    def settings(self) -> dict[str, Any]:
        """Return settings of the estimator, and what cuts the sessions."""
        return {"training": self.estimator.config.plain(), **super().settings()}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "HierarchicalSequentialRecommender":
        """Make a model, not trained, of what :meth:`settings` returned."""
        missing = {one.name for one in fields(TrainConfig)} - set(settings["training"])  # pyright: ignore
        if missing:
            raise KeyError(f"settings without {listed(sorted(missing))}")
        training = {**settings["training"], "device": None}  # a model may be read elsewhere
        return cls(
            HierarchicalScorer(estimator_for(training)),
            max_sessions=training["max_sessions"],
            max_session_len=training["max_session_len"],
            session_timeout_minutes=settings["session_timeout_minutes"],
            use_session_ids=settings["use_session_ids"],
        )

    def _network(self) -> HRNN:
        self.check_trained()
        network = self.estimator.network_
        assert network is not None, "learn did not make a network"
        return network
