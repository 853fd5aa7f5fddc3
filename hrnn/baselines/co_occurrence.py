"""What stands in the same sessions as the last item."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hrnn.baselines.popularity import checked_counts, counted, fraction, positives
from hrnn.baselines.session_index import SessionIndex
from hrnn.data.interactions import Interactions
from hrnn.data.vocabulary import PADDING
from hrnn.recommend.request import Request
from hrnn.recommend.session_aware import SessionRecommender
from hrnn.training.trainer import Callback


class CoOccurrence(SessionRecommender):
    """Scores an item by the number of training sessions that hold it and the user's last item.

    Only training interactions with an outcome above 0 count. Popularity, as a fraction, breaks ties
    and ranks all other items; without a known item in the history it is all there is.

    Args:
        session_timeout_minutes: a longer gap starts a session; None where all rows have ids.
        use_session_ids: whether SESSION_ID, where present, decides before the timeout.
    """

    kind = "co_occurrence"

    def __init__(
        self, session_timeout_minutes: float | None = 30, use_session_ids: bool = True
    ) -> None:
        super().__init__(session_timeout_minutes, use_session_ids)
        self.counts = np.empty(0, np.float32)
        self.index = SessionIndex.of(np.empty(0, np.int64), np.empty(0, np.int64), 0)

    def learn(
        self,
        data: Interactions,
        role: np.ndarray,
        callbacks: Sequence[Callback] = (),
        resume_from: Path | None = None,
    ) -> None:
        """Note what each session holds; sessions are cut in the whole log."""
        rows, items = positives(data, role), len(self.vocabulary)
        place = self.vocabulary.indices(data.item_ids)[data.item_index[rows]] - 1
        _, session = np.unique(self.sessions(data).number[rows], return_inverse=True)
        self.counts = counted(place, items)
        self.index = SessionIndex.of(session, place, items)

    def score(self, request: Request) -> np.ndarray:
        """Return float32 scores [questions, items]: shared sessions, plus the fraction."""
        data, items = request.data, len(self.vocabulary)
        index = self.vocabulary.indices(data.item_ids)[data.item_index[request.rows]]
        known = index != PADDING
        last = np.full(len(request), -1)
        last[request.owner[known]] = index[known] - 1  # of several, the last one stays
        scores = np.tile(fraction(self.counts), (len(request), 1))
        for item in np.unique(last[last >= 0]).tolist():
            sessions = self.index.sessions_with(np.array([item]), self.index.count)
            shared = np.bincount(self.index.items_of(sessions)[0], minlength=items)
            shared[item] = 0
            scores[last == item] += shared
        return scores

    def weights(self) -> dict[str, Tensor]:
        """Return the sessions and the counts of the items."""
        return {"counts": torch.from_numpy(self.counts), **self.index.weights()}

    def take_weights(self, weights: dict[str, Tensor], source: str) -> None:
        """Take saved sessions and counts."""
        self.counts = checked_counts(weights, len(self.vocabulary))
        self.index = SessionIndex.of_weights(weights, len(self.vocabulary))
