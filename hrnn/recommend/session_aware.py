"""What models that read sessions share."""

from typing import Any

import numpy as np

from hrnn.data.interactions import Interactions
from hrnn.model.histories import Histories
from hrnn.recommend.base import Recommender
from hrnn.recommend.request import Request
from hrnn.sessions import Sessions, check_timeout, segment


class SessionRecommender(Recommender):
    """A model that reads a user's history in sessions.

    Args:
        session_timeout_minutes: a longer gap starts a session; None where all rows have ids.
        use_session_ids: whether SESSION_ID, where present, decides before the timeout.
    """

    def __init__(
        self, session_timeout_minutes: float | None = 30, use_session_ids: bool = True
    ) -> None:
        super().__init__()
        check_timeout(session_timeout_minutes)
        self.session_timeout_minutes = session_timeout_minutes
        self.use_session_ids = use_session_ids

    def settings(self) -> dict[str, Any]:
        """Return what cuts the sessions."""
        return {
            "session_timeout_minutes": self.session_timeout_minutes,
            "use_session_ids": self.use_session_ids,
        }

    def sessions(self, data: Interactions) -> Sessions:
        """Cut a log as this model cuts it."""
        return segment(data, self.session_timeout_minutes, self.use_session_ids)

    def histories(self, request: Request) -> Histories:
        """Return the sessions of a request's histories."""
        data = request.data
        items = self.vocabulary.indices(data.item_ids)[data.item_index]
        if not len(data):
            empty = np.empty(0, np.int64)
            return Histories.of(items, empty, empty, len(request))
        sessions, owner = self.sessions(data), request.owner
        number = owner * sessions.count + sessions.number[request.rows]
        return Histories.of(items[request.rows], owner, number, len(request))

    def begins_session(self, data: Interactions, rows: np.ndarray) -> np.ndarray:
        """Say for rows of a log whether each is the first of its session (bool array)."""
        return self.sessions(data).opens[rows]
