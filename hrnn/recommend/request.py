"""What a model is asked: for whom, after which rows, and whether a new session begins."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hrnn.arrays import ranges
from hrnn.data.interactions import Interactions
from hrnn.data.vocabulary import PADDING, Vocabulary


@dataclass(frozen=True)
class Request:
    """Questions to a model. A question's history is a range of rows of one user in a log.

    Attributes:
        data: a log; a model may read the histories in it and nothing else.
        users: object [Q], who each question is about; one user may be asked about several times.
        start, stop: int64 [Q], each history is the rows ``start:stop``; none for an unknown user.
        new_session: bool [Q], whether what comes next begins a new session.
    """

    data: Interactions
    users: np.ndarray
    start: np.ndarray
    stop: np.ndarray
    new_session: np.ndarray

    def __len__(self) -> int:
        return len(self.users)

    @cached_property
    def rows(self) -> np.ndarray:
        """int64 array: the rows of all histories, one history after the other."""
        return ranges(self.start, self.stop - self.start)

    @cached_property
    def owner(self) -> np.ndarray:
        """int64 array: for each of ``rows`` the question that it belongs to; ascending."""
        return np.repeat(np.arange(len(self)), self.stop - self.start)

    def seen(self, vocabulary: Vocabulary) -> np.ndarray:
        """Bool array [Q, items]: which items of a vocabulary stand in each history."""
        index = vocabulary.indices(self.data.item_ids)[self.data.item_index][self.rows]
        known = index != PADDING
        seen = np.zeros((len(self), len(vocabulary)), bool)
        seen[self.owner[known], index[known] - 1] = True
        return seen

    def parts(self, size: int) -> Iterator[tuple[np.ndarray, "Request"]]:
        """Yield places of questions and a request of them, at most ``size`` at once.

        Questions go by their place in the log, so that each part reads little more of it than its
        own rows.
        """
        order = np.argsort(self.stop, kind="stable")
        for first in range(0, len(order), size):
            places = order[first : first + size]
            start, stop = self.start[places], self.stop[places]
            low, high = int(start.min()), int(stop.max())
            rows = self.data.slice(low, high)
            new = self.new_session[places]
            yield places, Request(rows, self.users[places], start - low, stop - low, new)
