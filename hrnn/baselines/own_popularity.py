"""What somebody had most, again."""

import numpy as np

from hrnn.baselines.popularity import Popularity, fraction
from hrnn.data.vocabulary import PADDING
from hrnn.recommend.request import Request


class OwnPopularity(Popularity):
    """Scores an item by how often it stands in the user's history with an outcome above 0.

    Popularity, as a fraction, breaks ties and ranks all other items. It is all that is learned.
    """

    kind = "own_popularity"

    def score(self, request: Request) -> np.ndarray:
        """Return float32 scores [questions, items]: times in the history, plus the fraction."""
        data, rows, items = request.data, request.rows, len(self.vocabulary)
        index = self.vocabulary.indices(data.item_ids)[data.item_index[rows]]
        own = (index != PADDING) & (data.outcome[rows] > 0)
        scores = np.tile(fraction(self.counts), (len(request), 1))
        cell, times = np.unique(request.owner[own] * items + index[own] - 1, return_counts=True)
        scores.reshape(-1)[cell] += times
        return scores
