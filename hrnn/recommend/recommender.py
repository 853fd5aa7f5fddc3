"""The session-aware recommender: sessions, vocabulary and the HRNN together."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hrnn.data.interactions import Interactions
from hrnn.model.histories import Histories
from hrnn.recommend.base import WEIGHTS_FILE, Recommender, Request, write_model
from hrnn.recommend.scorer import HierarchicalScorer
from hrnn.sessions import Sessions, check_timeout, segment
from hrnn.training.checkpoint import write_checkpoint
from hrnn.training.targets import TrainingSet
from hrnn.training.trainer import Callback

FORMAT = 1


class HierarchicalSequentialRecommender(Recommender):
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
        super().__init__()
        check_timeout(session_timeout_minutes)
        self.scorer = scorer
        self.estimator = scorer.estimator
        self.session_timeout_minutes = session_timeout_minutes
        self.use_session_ids = use_session_ids
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

    def learn(
        self,
        data: Interactions,
        role: np.ndarray,
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
    ) -> None:
        """Train the network on every interaction of the log; see :meth:`Recommender.train`."""
        items = self.vocabulary.indices(data.item_ids)[data.item_index]
        number = self.sessions(data).number
        histories = Histories.of(items, data.user_index, number, len(data.user_ids))
        config = self.estimator.config
        made = TrainingSet.of(histories, role, data.outcome, len(self.vocabulary), config.loss)
        self.estimator.fit(made, callbacks, resume_from)

    def sessions(self, data: Interactions) -> Sessions:
        """Cut a log as this model cuts it."""
        return segment(data, self.session_timeout_minutes, self.use_session_ids)

    def begins_session(self, data: Interactions, rows: np.ndarray) -> np.ndarray:
        """Say for rows of a log whether each is the first of its session (bool array)."""
        number = self.sessions(data).number
        first = np.zeros(len(data), bool)
        first[np.unique(number, return_index=True)[1]] = True
        return first[rows]

    def score(self, request: Request) -> np.ndarray:
        """Return float32 scores [users, items]; users without history start from ``tanh(b)``."""
        data = request.data
        items = self.vocabulary.indices(data.item_ids)[data.item_index]
        if not len(data):
            empty = np.empty(0, np.int64)
            histories = Histories.of(items, empty, empty, len(request.users))
            return self.scorer.score(histories, request.new_session)
        owner, sessions = request.row_owner(), self.sessions(data)
        order = np.argsort(owner, kind="stable")
        in_order = (owner * sessions.count + sessions.number)[order]  # sessions as users are asked
        histories = Histories.of(items[order], owner[order], in_order, len(request.users))
        return self.scorer.score(histories, request.new_session)

    def save(self, folder: str | Path) -> None:
        """Write weights (safetensors) and settings (JSON) into a folder.

        Raises:
            HRNNError: the model is not trained.
        """
        self.check_trained()
        network = self.estimator.network_
        assert network is not None, "learn did not make a network"
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_checkpoint(folder / WEIGHTS_FILE, network.state_dict(), {})
        facts = {
            "format": FORMAT,
            "kind": self.kind,
            "settings": self.estimator.config.plain(),
            "session_timeout_minutes": self.session_timeout_minutes,
            "use_session_ids": self.use_session_ids,
            "items": self.vocabulary.ids.tolist(),
            "record": self.record,
        }
        write_model(folder, facts)
